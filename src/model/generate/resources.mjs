// The object-oriented layer as classes, from boto3's definition of it: identifiers, attributes, actions, collections, sub-resources, waits.
// What is hand-written stands in src/resource, in the classes that these extend.
import {
  actionSentences,
  attributeSentences,
  className,
  classSentences,
  collectionSentences,
  handles,
  identifierSentences,
  memberName,
} from "./resource-docs.mjs";
import { methodName, typeName } from "./types.mjs";

const doc = (...lines) => {
  const all = lines.filter(Boolean);
  return all.length === 1 ? [`  /** ${all[0]} */`] : ["  /**", ...all.map((line) => `   * ${line}`), "   */"];
};
/** The method of the client beneath, whose docstring has the link to the operation's page. */
const by = (sentence, operation) => `${sentence} See {@link S3Client.${methodName(operation)}}.`;
const say = (sentences, name) => {
  if (!sentences[name]) throw new Error(`resource-docs.mjs has no sentence for ${name}`);
  return sentences[name];
};
/** `Contents[].Key` -> `Key`. */
const lastName = (path) => /(\w+)$/.exec(path)[1];

/** The file resources.ts. */
export function resourceClasses(model, { service, resources }, waiters) {
  const used = { waiters, types: new Set(), base: new Set(["identifier"]), collection: new Set(), handles: new Map() };
  const definitions = [["service", allResources(service, resources)], ...Object.entries(resources)];
  const classes = definitions.map(([name, definition]) =>
    new ResourceClass(model, resources, used, name, definition).text(),
  );
  const from = (names, file) => `import { ${[...names].sort().join(", ")} } from "${file}";`;
  return [
    `import type { S3Client } from "../../client/client.js";`,
    `import type { CallOptions } from "../../client/options.js";`,
    `import { type WaitOptions, waitUntil } from "../../client/waiters.js";`,
    `import type {\n${[...used.types]
      .sort()
      .map((type) => `  ${type},`)
      .join("\n")}\n} from "../../model/generated/types.js";`,
    from([...used.base, "type Given", "waitInput"], "../base.js"),
    from(used.collection, "../collection.js"),
    ...[...used.handles].map(([file, names]) => from(names, `../${file}.js`)),
    "",
    classes.join("\n\n"),
    "",
  ].join("\n");
}

/** The service makes every resource from its identifiers, whether the definition says so or not. */
function allResources(service, resources) {
  const has = Object.entries(resources).map(([type, { identifiers }]) => [
    type,
    { resource: { type, identifiers: identifiers.map(({ name }) => ({ target: name, source: "input" })) } },
  ]);
  return { identifiers: [], ...service, has: { ...Object.fromEntries(has), ...service.has } };
}

class ResourceClass {
  constructor(model, resources, used, name, definition) {
    Object.assign(this, { model, resources, used, name, definition });
    this.type = className(name);
    this.data = definition.shape === undefined ? undefined : typeName(definition.shape);
    if (this.data) used.types.add(this.data);
    this.handle = handles[name];
  }

  text() {
    const { definition, type } = this;
    const base = this.handle ? this.handle.name : "Resource";
    if (this.handle) {
      const names = this.used.handles.get(this.handle.file) ?? new Set();
      this.used.handles.set(this.handle.file, names.add(base));
    } else this.used.base.add("Resource");
    const generic = this.data && (!this.handle || this.handle.data) ? `<${this.data}>` : "";
    const written = new Set(this.handle?.members ?? []);
    const members = [
      this.#identifiers(),
      ...(definition.load ? [this.#load()] : []),
      ...Object.entries(definition.actions ?? {})
        .filter(([name]) => !written.has(memberName(name)))
        .map(([name, action]) => this.#action(name, action)),
      ...Object.entries(definition.hasMany ?? {}).map(([name, many]) => this.#collection(name, many)),
      ...Object.entries(definition.has ?? {}).map(([name, { resource }]) => this.#related(name, resource)),
      ...(definition.has ? [this.#subresources(Object.keys(definition.has))] : []),
      ...Object.entries(definition.waiters ?? {}).map(([name, waiter]) => this.#waiter(name, waiter)),
    ];
    return `/** ${say(classSentences, this.name)} */\nexport class ${type} extends ${base}${generic} {\n${members.join("\n\n")}\n}`;
  }

  #identifiers() {
    const { identifiers } = this.definition;
    if (this.name === "service") return `  static override readonly identifiers: readonly string[] = [];`;
    const names = identifiers.map(({ name }) => memberName(name));
    const kinds = identifiers.map(({ type }) => (type === "integer" ? "number" : "string"));
    return [
      `  static override readonly identifiers: readonly string[] = ${JSON.stringify(names).replaceAll(",", ", ")};`,
      ...identifiers.flatMap(({ name }, index) => [
        `  /** ${identifierSentences[`${this.name}.${name}`] ?? say(identifierSentences, name)} */`,
        `  readonly ${names[index]}: ${kinds[index]};`,
      ]),
      ...this.#attributes(),
      "",
      "  /** @param data the attributes, where they are known */",
      `  constructor(${names.map((name, index) => `${name}: ${kinds[index]}, `).join("")}client: S3Client, data?: ${this.data}) {`,
      "    super(client, data);",
      ...names.map(
        (name, index) => `    this.${name} = identifier(new.target, "${name}", ${name}, "${kinds[index]}");`,
      ),
      "  }",
    ].join("\n");
  }

  #attributes() {
    const { data, definition } = this;
    if (!data) return [];
    const taken = new Set(definition.identifiers.map(({ name, memberName: member }) => member ?? name));
    const members = Object.keys(this.model.shapes[definition.shape].members).filter((member) => !taken.has(member));
    if (members.length === 0) return [];
    const pairs = members.map((member) => `${memberName(member)}:${member}`).join(" ");
    return [
      `  protected static override readonly attributes: string = "${pairs}";`,
      ...members.flatMap((member) => [
        `  /** ${attributeSentences[`${this.name}.${member}`] ?? say(attributeSentences, member)} */`,
        `  declare readonly ${memberName(member)}: ${data}["${member}"];`,
      ]),
    ];
  }

  /** The members of a request that the resource fills in: as TypeScript, and their names. */
  #params({ params = [] }) {
    const tree = {};
    for (const { target, source, name, value } of params) {
      const path = target.split(".");
      const last = path.pop();
      let at = tree;
      for (const step of path) at = at[step] ??= {};
      if (source !== "identifier" && source !== "string") throw new Error(`${this.name}: a parameter from ${source}`);
      at[last] = source === "identifier" ? `this.${memberName(name)}` : JSON.stringify(value);
    }
    const write = (node) =>
      typeof node === "string"
        ? node
        : `{ ${Object.entries(node)
            .map(([key, value]) => `${key}: ${write(value)}`)
            .join(", ")} }`;
    const fields = Object.entries(tree).map(([key, value]) => `${key}: ${write(value)}`);
    return { names: Object.keys(tree), fields };
  }

  /** The parameter `input` of an action: what its operation takes, less what is filled in. */
  #input(operation, names) {
    const shape = this.model.operations[operation].input.shape;
    this.used.types.add(shape);
    const type = names.length === 0 ? shape : `Given<${shape}, ${names.map((name) => `"${name}"`).join(" | ")}>`;
    const required = (this.model.shapes[shape].required ?? []).filter((name) => !names.includes(name));
    return `input: ${type}${required.length > 0 ? "" : " = {}"}`;
  }

  #output(operation) {
    const type = this.model.operations[operation].output?.shape ?? "EmptyOutput";
    this.used.types.add(type);
    return type;
  }

  #call(operation, fields) {
    const input = fields.length === 0 ? "input" : `{ ${fields.join(", ")}, ...input }`;
    return `this.meta.client.${methodName(operation)}(${input}, options)`;
  }

  #load() {
    const { request, path } = this.definition.load;
    if (path !== "@") throw new Error(`${this.name}: loads from ${path}`);
    const { names, fields } = this.#params(request);
    const input = this.#input(request.operation, names);
    return [
      ...doc(by("Fetches the attributes, in place of those that are there.", request.operation)),
      `  async load(${input}, options?: CallOptions): Promise<this> {`,
      `    this.meta.data = await ${this.#call(request.operation, fields)};`,
      "    return this;",
      "  }",
      "",
      "  /** The same as `load`. */",
      `  reload(${input}, options?: CallOptions): Promise<this> {`,
      "    return this.load(input, options);",
      "  }",
    ].join("\n");
  }

  #action(name, { request, resource }) {
    const { operation } = request;
    const { names, fields } = this.#params(request);
    const head = doc(by(say(actionSentences, this.#sentence(name)), operation));
    const parameters = `${this.#input(operation, names)}, options?: CallOptions`;
    const call = this.#call(operation, fields);
    if (!resource) {
      return [
        ...head,
        `  ${memberName(name)}(${parameters}): Promise<${this.#output(operation)}> {`,
        `    return ${call};`,
        "  }",
      ].join("\n");
    }
    const type = className(resource.type);
    const fromOutput = resource.identifiers.some(({ source }) => source === "response");
    const values = resource.identifiers.map((identifier) => this.#value(identifier, "output"));
    return [
      ...head,
      `  async ${memberName(name)}(${parameters}): Promise<${type}> {`,
      `    ${fromOutput ? "const output = " : ""}await ${call};`,
      `    return new ${type}(${[...values, "this.meta.client"].join(", ")});`,
      "  }",
    ].join("\n");
  }

  /** The summary shares its actions with the object, and their sentences. */
  #sentence(name) {
    return `${this.name === "ObjectSummary" ? "Object" : this.name}.${name}`;
  }

  /** Where an identifier of another resource comes from. */
  #value({ target, source, name, path }, answer) {
    if (source === "identifier") return `this.${memberName(name)}`;
    if (source === "requestParameter") return `input.${path}`;
    if (source === "response") {
      // Versions from before versioning have the id "null", and every listing says so; the types cannot know.
      const missing = target === "Id" && lastName(path) === "VersionId" ? ` ?? "null"` : "";
      return `${answer}.${lastName(path)}${missing}`;
    }
    throw new Error(`${this.name}: an identifier from ${source}`);
  }

  #related(name, { type, identifiers }) {
    const given = identifiers.filter(({ source }) => source === "input").map(({ target }) => target);
    const definition = this.resources[type];
    const kind = (target) =>
      definition.identifiers.find((identifier) => identifier.name === target).type === "integer" ? "number" : "string";
    const values = identifiers.map((identifier) =>
      identifier.source === "input" ? memberName(identifier.target) : this.#value(identifier),
    );
    const resource = className(type);
    const member = memberName(name);
    return [
      `  /** ${say(classSentences, type)} */`,
      `  ${member}(${given.map((target) => `${memberName(target)}: ${kind(target)}`).join(", ")}): ${resource} {`,
      `    return new ${resource}(${[...values, "this.meta.client"].join(", ")});`,
      "  }",
    ].join("\n");
  }

  #subresources(names) {
    return `  protected static override readonly subresources: string = "${names.map(memberName).sort().join(" ")}";`;
  }

  #collection(name, { request, resource }) {
    const { fields } = this.#params(request);
    const type = className(resource.type);
    const method = methodName(request.operation);
    const lists = /^\[([\w,]+)\]\|\[\]$/.exec(resource.path)?.[1].split(",") ?? [resource.path.replace(/\[\]$/, "")];
    const output = this.model.shapes[this.model.operations[request.operation].output.shape];
    const entries = lists.map((list) => typeName(this.model.shapes[output.members[list].shape].member.shape));
    for (const entry of entries) this.used.types.add(entry);
    const batch = this.resources[resource.type].batchActions?.Delete;
    const kind = batch ? "BatchCollection" : "Collection";
    this.used.collection.add(kind);
    const values = resource.identifiers.map((identifier) => this.#value(identifier, "entry"));
    const takesInput = values.some((value) => value.startsWith("input."));
    const generic = `${kind}<${type}, "${method}", ${entries.join(" | ")}>`;
    return [
      ...doc(by(say(collectionSentences, `${this.name}.${name}`), request.operation)),
      `  get ${memberName(name)}(): ${generic} {`,
      "    const { client } = this.meta;",
      `    return new ${kind}({`,
      "      client,",
      `      method: "${method}",`,
      fields.length === 0 ? "      input: {}," : `      input: { ${fields.join(", ")} },`,
      `      entries: (page) => ${lists.length === 1 ? `page.${lists[0]}` : `[${lists.map((list) => `...page.${list}`).join(", ")}]`},`,
      `      make: (entry${takesInput ? ", input" : ""}) => new ${type}(${[...values, "client", "entry"].join(", ")}),`,
      ...(batch ? [this.#batch(batch, resource)] : []),
      "    });",
      "  }",
    ].join("\n");
  }

  /** How an entry of a listing is named in DeleteObjects. */
  #batch({ request }, resource) {
    if (request.operation !== "DeleteObjects")
      throw new Error(`src/resource/batch-delete.ts knows no ${request.operation}`);
    const fields = request.params.flatMap(({ target, name }) => {
      const member = /^Delete\.Objects\[\*?\]\.(\w+)$/.exec(target)?.[1];
      const identifier = resource.identifiers.find((each) => each.target === name);
      return member ? [`${member}: entry.${lastName(identifier.path)}`] : [];
    });
    return `      identify: (entry) => ({ ${fields.join(", ")} }),`;
  }

  #waiter(name, { waiterName, params }) {
    const { operation } = this.used.waiters[waiterName];
    const { names, fields } = this.#params({ params });
    const shape = this.model.operations[operation].input.shape;
    this.used.types.add(shape);
    const given = `Given<${shape}, ${names.map((each) => `"${each}"`).join(" | ")}>`;
    const what = name === "Exists" ? "Waits until it exists" : "Waits until it exists no more";
    return [
      ...doc(
        by(`${what}, asking every 5 seconds, 20 times at most.`, operation),
        "@throws WaiterError when it is not so after all attempts, or cannot be known",
      ),
      `  async waitUntil${name}(input?: ${given} & WaitOptions, options?: WaitOptions): Promise<void> {`,
      `    const [given, wait] = waitInput(input, options);`,
      `    await waitUntil(this.meta.client, "${methodName(waiterName)}", { ${fields.join(", ")}, ...given }, wait);`,
      "  }",
    ].join("\n");
  }
}
