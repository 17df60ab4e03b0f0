/**
 * Reads XML straight into dictionaries, driven by the model: no tree, no regular expression, one pass. A listing's thousand
 * entries cost a tenth of what they cost by way of a tree. It refuses what is not well formed (cut documents above all), DOCTYPEs
 * and what nests too deep; a test holds it to the same answers as the general reader of `xml-tree.ts`.
 */
import { type Entry, holds, inOrder, type ReadPlan, scalarValue } from "./read-plan.js";
import { decodeText, depthLimit, isBlank, localName, normalise, XmlError } from "./xml-text.js";

type Dictionary = Record<string, unknown>;

/** One document and how far it is read. */
export class Scanner {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  /** Of the start tag read last: the name as it stands, and whether it was an empty element. */
  #tag = "";
  #empty = false;
  /** Attributes of the start tag read last: names and values in turn. */
  #attributes: string[] | undefined;

  constructor(text: string) {
    this.#text = normalise(text);
  }

  /** Goes past everything before the root, and past its start tag; the root's name, without prefix. */
  root(): string {
    this.#skipMisc();
    if (this.#at >= this.#text.length) throw new XmlError("nothing in it");
    if (this.#text.charCodeAt(this.#at) !== 60) throw new XmlError("text before the root element");
    this.#startTag(false);
    return localName(this.#tag);
  }

  /** The root's members into `slots`, by their places in the model; after `root`. */
  members(plan: ReadPlan, slots: unknown[]): void {
    const tag = this.#tag;
    if (!this.#empty) this.#content(plan, tag, undefined, slots);
    this.#end();
  }

  /** The root as a dictionary; after `root`. */
  dictionary(plan: ReadPlan): Dictionary {
    const value = this.#structure(plan);
    this.#end();
    return value;
  }

  /** The root's text; after `root`. */
  text(): string {
    const value = this.#leaf();
    this.#end();
    return value;
  }

  /** The root's children and their texts, whatever they are, without those of elements inside them. After `root`. */
  texts(): Map<string, string> {
    const found = new Map<string, string>();
    const tag = this.#tag;
    if (!this.#empty) {
      while (this.#child(tag)) {
        this.#startTag(false);
        const name = localName(this.#tag);
        found.set(name, this.#leaf());
      }
    }
    this.#end();
    return found;
  }

  /** The same with the children of a child `inner` among them: for an error inside a wrapper. After `root`. */
  textsWithin(inner: string): Map<string, string> {
    const found = new Map<string, string>();
    const own = new Map<string, string>();
    const tag = this.#tag;
    if (!this.#empty) {
      while (this.#child(tag)) {
        this.#startTag(false);
        const child = this.#tag;
        if (localName(child) !== inner) found.set(localName(child), this.#leaf());
        else if (!this.#empty) {
          while (this.#child(child)) {
            this.#startTag(false);
            const name = localName(this.#tag);
            own.set(name, this.#leaf());
          }
        }
      }
    }
    this.#end();
    for (const [name, text] of own) found.set(name, text);
    return found;
  }

  /** After the root there is nothing but comments and blanks. */
  #end(): void {
    this.#skipMisc();
    if (this.#at < this.#text.length) throw new XmlError("something after the root element");
  }

  /** Past blanks, comments and processing instructions outside the root. */
  #skipMisc(): void {
    const text = this.#text;
    for (;;) {
      while (this.#at < text.length && isBlank(text.charCodeAt(this.#at))) this.#at++;
      if (text.charCodeAt(this.#at) !== 60) return;
      const code = text.charCodeAt(this.#at + 1);
      if (code === 63) this.#skipTo("?>", this.#at + 2);
      else if (code === 33) this.#skipMarkup();
      else return;
    }
  }

  /** Past a comment or CDATA section that begins here; DOCTYPEs and everything else with `<!` are refused. */
  #skipMarkup(): void {
    const text = this.#text;
    if (text.startsWith("<!--", this.#at)) this.#skipTo("-->", this.#at + 4);
    else if (text.startsWith("<![CDATA[", this.#at)) {
      if (this.#depth === 0) throw new XmlError("text outside the root element");
      this.#skipTo("]]>", this.#at + 9);
    } else if (text.startsWith("<!DOCTYPE", this.#at)) throw new XmlError("a DOCTYPE, which S3 never sends");
    else throw new XmlError("markup that is none");
  }

  #skipTo(end: string, from: number): void {
    const found = this.#text.indexOf(end, from);
    if (found < 0) throw new XmlError("the end of the text within markup");
    this.#at = found + end.length;
  }

  /**
   * Past a start tag that begins here.
   * @param wanted keep its attributes
   */
  #startTag(wanted: boolean): void {
    const text = this.#text;
    const from = this.#at + 1;
    let at = from;
    let code = text.charCodeAt(at);
    while (code !== 62 && code !== 47 && !isBlank(code)) {
      // The end of the text is no part of a name either.
      if (!isNameCharacter(code)) throw new XmlError("a tag that is none");
      code = text.charCodeAt(++at);
    }
    if (at === from || !isNameStart(text.charCodeAt(from))) throw new XmlError("a tag that is none");
    this.#tag = text.slice(from, at);
    this.#attributes = undefined;
    if (code !== 62) at = this.#attributeList(at, wanted);
    else this.#empty = false;
    this.#at = at + 1;
    if (!this.#empty) this.#deeper();
  }

  #deeper(): void {
    if (++this.#depth > depthLimit) throw new XmlError(`elements more than ${depthLimit} deep`);
  }

  /** Past the attributes of a start tag; where its `>` is. */
  #attributeList(at: number, wanted: boolean): number {
    const text = this.#text;
    let kept: string[] | undefined;
    for (;;) {
      const before = at;
      while (isBlank(text.charCodeAt(at))) at++;
      const code = text.charCodeAt(at);
      if (code === 62 || (code === 47 && text.charCodeAt(at + 1) === 62)) {
        this.#empty = code === 47;
        this.#attributes = kept;
        return this.#empty ? at + 1 : at;
      }
      if (before === at) throw new XmlError("a tag that is none");
      const equals = text.indexOf("=", at);
      if (equals < 0) throw new XmlError("an attribute without a value");
      const name = text.slice(at, equals).trimEnd();
      if (!namePattern.test(name)) throw new XmlError("an attribute that is none");
      at = equals + 1;
      while (isBlank(text.charCodeAt(at))) at++;
      const quote = text.charCodeAt(at);
      if (quote !== 34 && quote !== 39) throw new XmlError("an attribute without quotes");
      const end = text.indexOf(quote === 34 ? '"' : "'", at + 1);
      if (end < 0) throw new XmlError("the end of the text within markup");
      const value = decodeText(text.slice(at + 1, end));
      if (text.slice(at + 1, end).includes("<")) throw new XmlError("an attribute that is none");
      if (wanted) {
        kept ??= [];
        kept.push(name, value);
      }
      at = end + 1;
    }
  }

  /** Past an end tag that begins here, which must be that of `tag`. */
  #endTag(tag: string): void {
    const text = this.#text;
    let at = this.#at + 2;
    if (!text.startsWith(tag, at)) throw new XmlError(`<${tag}> is not closed`);
    at += tag.length;
    while (isBlank(text.charCodeAt(at))) at++;
    if (text.charCodeAt(at) !== 62) throw new XmlError(`<${tag}> is not closed`);
    this.#at = at + 1;
    this.#depth--;
  }

  /** Goes to the next child of the element `tag`; false, and past its end tag, when there is none. Text between is no member. */
  #child(tag: string): boolean {
    const text = this.#text;
    for (;;) {
      let at = this.#at;
      while (isBlank(text.charCodeAt(at))) at++;
      if (text.charCodeAt(at) !== 60) {
        const from = at;
        at = text.indexOf("<", at);
        if (at < 0) throw new XmlError(`the text ends within <${tag}>`);
        // It means nothing here, but must be text.
        decodeText(text.slice(from, at));
      }
      this.#at = at;
      const code = text.charCodeAt(at + 1);
      if (code === 47) {
        this.#endTag(tag);
        return false;
      }
      if (code === 33) this.#skipMarkup();
      else if (code === 63) this.#skipTo("?>", at + 2);
      else return true;
    }
  }

  /** The text of an element whose start tag was read; past its end tag. */
  #leaf(): string {
    if (this.#empty) return "";
    const text = this.#text;
    const from = this.#at;
    const at = text.indexOf("<", from);
    if (at < 0) throw new XmlError(`the text ends within <${this.#tag}>`);
    if (text.charCodeAt(at + 1) === 47) {
      const tag = this.#tag;
      this.#at = at;
      this.#endTag(tag);
      return decodeText(text.slice(from, at));
    }
    return this.#mixedLeaf();
  }

  /** The same with CDATA sections, comments or elements inside. */
  #mixedLeaf(): string {
    const text = this.#text;
    const tag = this.#tag;
    let out = "";
    for (;;) {
      const at = text.indexOf("<", this.#at);
      if (at < 0) throw new XmlError(`the text ends within <${tag}>`);
      out += decodeText(text.slice(this.#at, at));
      this.#at = at;
      const code = text.charCodeAt(at + 1);
      if (code === 47) {
        this.#endTag(tag);
        return out;
      }
      if (code === 33) {
        this.#skipMarkup();
        if (text.charCodeAt(at + 2) === 91) out += text.slice(at + 9, this.#at - 3);
      } else if (code === 63) this.#skipTo("?>", at + 2);
      else {
        this.#startTag(false);
        this.#skipElement();
      }
    }
  }

  /** Past an element that nobody asked for, whose start tag was read. */
  #skipElement(): void {
    if (this.#empty) return;
    const tag = this.#tag;
    while (this.#child(tag)) {
      this.#startTag(false);
      this.#skipElement();
    }
  }

  #structure(plan: ReadPlan): Dictionary {
    const out: Dictionary = {};
    if (plan.attributes !== undefined) this.#takeAttributes(plan.attributes, out);
    if (this.#empty) return out;
    const ordered = this.#content(plan, this.#tag, out, undefined);
    return ordered && plan.attributes === undefined && plan.twins === undefined ? out : inOrder(plan, out);
  }

  #takeAttributes(entries: readonly Entry[], out: Dictionary): void {
    const attributes = this.#attributes;
    if (attributes === undefined) return;
    for (const entry of entries) {
      for (let i = 0; i < attributes.length; i += 2) {
        const name = attributes[i]!;
        if (!name.startsWith("xmlns") && localName(name) === localName(entry.tag)) out[entry.name] = attributes[i + 1];
      }
    }
  }

  /** The members of a structure, into a dictionary or into slots. True when they came in the model's order. */
  #content(plan: ReadPlan, tag: string, out: Dictionary | undefined, slots: unknown[] | undefined): boolean {
    const text = this.#text;
    let ordered = true;
    let last = -1;
    let entry = plan.first;
    let before: Entry | undefined;
    for (;;) {
      let value: unknown;
      let at = this.#at;
      while (isBlank(text.charCodeAt(at))) at++;
      this.#at = at;
      // A plain `<Name>` that is what came here the last time needs no look-up.
      if (entry !== undefined && text.startsWith(entry.open, at)) {
        const from = at + entry.open.length;
        const end = entry.holds < holds.structure ? text.indexOf("<", from) : -1;
        if (end >= 0 && text.startsWith(entry.close, end)) {
          this.#at = end + entry.close.length;
          const raw = decodeText(text.slice(from, end));
          value = entry.holds === holds.string ? raw : scalarValue(entry.holds, raw, entry.name);
        } else {
          this.#tag = entry.tag;
          this.#empty = false;
          this.#attributes = undefined;
          this.#at = from;
          this.#deeper();
          value = this.#value(entry);
        }
      } else {
        if (!this.#child(tag)) return ordered;
        this.#startTag(true);
        entry = plan.entries.get(localName(this.#tag));
        if (entry === undefined) {
          this.#skipElement();
          entry = before === undefined ? plan.first : before.next;
          continue;
        }
        if (before === undefined) plan.first = entry;
        else before.next = entry;
        value = this.#value(entry);
      }
      if (value !== undefined) {
        const { index } = entry;
        // In the order of the model it is the first of its name, and needs no look at what is there already: a listing is quicker by a twentieth.
        const first = index > last;
        if (index < last) ordered = false;
        else last = index;
        if (slots !== undefined) {
          if (!entry.repeated) {
            if (first || slots[index] === undefined) slots[index] = value;
          } else if (slots[index] === undefined) slots[index] = [value];
          else (slots[index] as unknown[]).push(value);
        } else if (out !== undefined) {
          if (!entry.repeated) {
            if (first || out[entry.name] === undefined) out[entry.name] = value;
          } else if (out[entry.name] === undefined) out[entry.name] = [value];
          else (out[entry.name] as unknown[]).push(value);
        }
      }
      before = entry;
      entry = entry.next;
    }
  }

  #value(entry: Entry): unknown {
    switch (entry.holds) {
      case holds.string:
        return this.#leaf();
      case holds.structure:
        return this.#structure(entry.plan!);
      case holds.list:
        return this.#list(entry.item!);
      default:
        return scalarValue(entry.holds, this.#leaf(), entry.name);
    }
  }

  #list(item: Entry): unknown[] {
    const out: unknown[] = [];
    if (this.#empty) return out;
    const tag = this.#tag;
    while (this.#child(tag)) {
      this.#startTag(true);
      if (localName(this.#tag) !== item.tag) {
        this.#skipElement();
        continue;
      }
      const value = this.#value(item);
      if (value !== undefined) out.push(value);
    }
    return out;
  }
}

/** A letter, `_`, `:` or anything beyond ASCII. */
const isNameStart = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code === 58 || code > 127;

const isNameCharacter = (code: number): boolean => isNameStart(code) || (code >= 45 && code <= 57 && code !== 47);

const namePattern = /^[A-Za-z_:\x80-\uffff][A-Za-z0-9_:.\-\x80-\uffff]*$/;
