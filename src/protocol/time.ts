/** The three ways in which S3 writes a moment: ISO 8601 in bodies, RFC 822 in headers, and seconds since 1970. */
import type { TimestampFormat } from "../model/shape.js";

const months = "JanFebMarAprMayJunJulAugSepOctNovDec";

/**
 * The moment that an input member means: a Date, seconds since 1970 as boto3 takes them, or a text that is a date.
 * undefined: none of these.
 */
export function momentOf(value: unknown): Date | undefined {
  let date: Date | undefined;
  if (value instanceof Date) date = value;
  else if (typeof value === "number") date = new Date(value * 1000);
  else if (typeof value === "string") date = parseTimestamp(value);
  else if (Object.prototype.toString.call(value) === "[object Date]") date = new Date(Number(value));
  if (date === undefined) return undefined;
  // Other years have no four digits, and no place in either format; the year of an invalid Date is NaN.
  const year = date.getUTCFullYear();
  return year >= 1 && year <= 9999 ? date : undefined;
}

/** The moment as text; fractions of a second appear where there are any and the format has a place for them. */
export function formatTimestamp(date: Date, format: TimestampFormat): string {
  // `toUTCString` writes RFC 822 as HTTP wants it, always in English and with four digits for the year.
  if (format === "rfc822") return date.toUTCString();
  const text = date.toISOString();
  return text.endsWith(".000Z") ? `${text.slice(0, 19)}Z` : text;
}

const two = (text: string, at: number): number => {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
};

const epochPattern = /^[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/i;
// Scaleway writes the Z of copies before their hour.
const isoPattern =
  /^(\d{4})-?(\d\d)-?(\d\d)(?:[TZ ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?$/i;
const rfcPattern =
  /^(?:[a-z]+,?\s+)?(\d{1,2})[\s-]+([a-z]{3})[a-z]*[\s-]+(\d{2}|\d{4})\s+(\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*(Z|UTC|UT|GMT|[+-]\d{4})?$/i;
const asctimePattern = /^[a-z]{3}\s+([a-z]{3})\s+(\d{1,2})\s+(\d\d):(\d\d):(\d\d)\s+(\d{4})$/i;

function offsetMinutes(zone: string | undefined): number {
  if (zone === undefined || !/^[+-]/.test(zone)) return 0;
  const digits = zone.replace(/\D/g, "").padEnd(4, "0");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return zone.startsWith("-") ? -minutes : minutes;
}

/** A Date of these parts, undefined where there is no such day or hour. */
function utc(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  ms: number,
): Date | undefined {
  // A 60th second is a leap second, and means the next minute.
  if (month < 0 || day < 1 || hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(Date.UTC(year, month, day));
  // `Date.UTC` takes the years before 100 for those of the last century.
  if (year < 100) date.setUTCFullYear(year, month, day);
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined;
  return new Date(date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + ms);
}

const monthOf = (name: string): number => {
  const at = months.toLowerCase().indexOf(name.toLowerCase());
  return at >= 0 && at % 3 === 0 ? at / 3 : -1;
};

/** The moment that the service wrote, in any of the three formats; undefined where the text is none of them. */
export function parseTimestamp(text: string): Date | undefined {
  // 2006-02-03T16:45:09.000Z and 2006-02-03T16:45:09Z, as listings have them by the thousand.
  const { length } = text;
  if (
    (length === 24 || length === 20) &&
    text.charCodeAt(length - 1) === 90 &&
    text.charCodeAt(10) === 84 &&
    text.charCodeAt(4) === 45 &&
    text.charCodeAt(7) === 45 &&
    text.charCodeAt(13) === 58 &&
    text.charCodeAt(16) === 58 &&
    (length === 20 || text.charCodeAt(19) === 46)
  ) {
    const ms = length === 20 ? 0 : two(text, 20) * 10 + (text.charCodeAt(22) - 48);
    const day = two(text, 8);
    const year = two(text, 0) * 100 + two(text, 2);
    // Past the 28th the month counts, and early years are no business of `Date.UTC`: both take the slow way.
    if (day >= 1 && day <= 28 && year >= 100 && ms >= 0 && ms < 1000) {
      const month = two(text, 5);
      const hour = two(text, 11);
      const minute = two(text, 14);
      const second = two(text, 17);
      if (month >= 1 && month <= 12 && hour < 24 && minute < 60 && second < 60) {
        return new Date(Date.UTC(year, month - 1, day, hour, minute, second, ms));
      }
    }
  }
  // Fri, 03 Feb 2006 16:45:09 GMT, as headers have it.
  if (length === 29 && text.charCodeAt(3) === 44 && text.endsWith(" GMT")) {
    const month = months.indexOf(text.slice(8, 11));
    const day = two(text, 5);
    const year = two(text, 12) * 100 + two(text, 14);
    if (month >= 0 && month % 3 === 0 && day >= 1 && day <= 28 && year >= 100) {
      const hour = two(text, 17);
      const minute = two(text, 20);
      const second = two(text, 23);
      if (hour < 24 && minute < 60 && second < 60 && text.charCodeAt(19) === 58 && text.charCodeAt(22) === 58) {
        return new Date(Date.UTC(year, month / 3, day, hour, minute, second));
      }
    }
  }
  return parseSlowly(text.trim());
}

function parseSlowly(text: string): Date | undefined {
  if (epochPattern.test(text)) {
    const date = new Date(Number(text) * 1000);
    return Number.isNaN(date.getTime()) ? undefined : date;
  }
  const iso = isoPattern.exec(text);
  if (iso) {
    const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zone] = iso;
    // Digits behind the millisecond are cut, not rounded, as every reader of these does.
    const ms = Number(fraction.slice(0, 3).padEnd(3, "0"));
    const date = utc(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second), ms);
    return shift(date, zone);
  }
  const rfc = rfcPattern.exec(text);
  if (rfc) {
    const [, day, month = "", year = "", hour, minute, second = "0", zone] = rfc;
    // Two digits: RFC 850's years, of which S3 has seen none before 1970.
    const full = year.length === 4 ? Number(year) : Number(year) + (Number(year) < 70 ? 2000 : 1900);
    return shift(utc(full, monthOf(month), Number(day), Number(hour), Number(minute), Number(second), 0), zone);
  }
  const asctime = asctimePattern.exec(text);
  if (asctime) {
    const [, month = "", day, hour, minute, second, year] = asctime;
    return utc(Number(year), monthOf(month), Number(day), Number(hour), Number(minute), Number(second), 0);
  }
  return undefined;
}

function shift(date: Date | undefined, zone: string | undefined): Date | undefined {
  const minutes = offsetMinutes(zone);
  return date && minutes !== 0 ? new Date(date.getTime() - minutes * 60_000) : date;
}
