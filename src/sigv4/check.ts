import type { SigningCredentials } from "./types.js";

/** Checks of arguments. Messages name the argument, say what it must be, and never show a secret. */

/** Printable ASCII without spaces and commas: what can stand in the Credential of an Authorization header. */
const CREDENTIAL_TEXT = /^[!-+\--~]+$/;
const SCOPE_TEXT = /^[!-+\-.0-~]+$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;

/** How far the clocks of the two sides may be apart, in seconds, as S3 has it. */
export const MAX_SKEW = 15 * 60;

/** The longest that S3 lets a signature live: seven days. */
export const MAX_EXPIRES = 604_800;

/** The argument itself. */
export function checkInput(input: object): void {
  if (input === null || typeof input !== "object") throw new TypeError(`input: must be an object${got(input)}`);
}

export function checkCredentials(credentials: SigningCredentials, secretNeeded = true): void {
  if (credentials === null || typeof credentials !== "object") {
    throw new TypeError("credentials: must be an object with accessKeyId and secretAccessKey");
  }
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  if (typeof accessKeyId !== "string" || !CREDENTIAL_TEXT.test(accessKeyId)) {
    throw new TypeError("credentials.accessKeyId: must be printable ASCII text without spaces or commas");
  }
  if (secretNeeded && (typeof secretAccessKey !== "string" || secretAccessKey === "")) {
    throw new TypeError("credentials.secretAccessKey: must be a string that is not empty");
  }
  if (secretNeeded && secretAccessKey.trim() !== secretAccessKey) {
    throw new TypeError("credentials.secretAccessKey: has white space around it, left from a copy or a file; trim it");
  }
  // An empty token is what an empty environment variable leaves behind: none.
  if (
    sessionToken !== undefined &&
    sessionToken !== "" &&
    (typeof sessionToken !== "string" || !/^[!-~]+$/.test(sessionToken))
  ) {
    throw new TypeError("credentials.sessionToken: must be printable ASCII text without spaces, or left out");
  }
}

/** Part of the credential scope: a region or a service. */
export function checkScopePart(name: string, value: string): void {
  if (typeof value !== "string" || !SCOPE_TEXT.test(value)) {
    throw new TypeError(`${name}: must be a name such as ${name === "service" ? "s3" : "us-east-1"}${got(value)}`);
  }
}

/** The time of a date, or of now. */
export function checkDate(date: Date | undefined): number {
  if (date === undefined) return Date.now();
  const time = date instanceof Date ? date.getTime() : Number.NaN;
  // Outside of four-digit years the date has no form to be signed in.
  if (!(time >= -62_167_219_200_000 && time < 253_402_300_800_000)) {
    throw new RangeError("date: must be a valid Date between the years 0 and 9999");
  }
  return time;
}

export function checkExpires(expiresIn: number | undefined): number {
  if (expiresIn === undefined) return 3600;
  if (!Number.isInteger(expiresIn) || expiresIn < 1 || expiresIn > MAX_EXPIRES) {
    throw new RangeError(
      `expiresIn: must be a whole number of seconds from 1 to ${MAX_EXPIRES} (seven days)${got(expiresIn)}`,
    );
  }
  return expiresIn;
}

export function checkMethod(method: string): string {
  if (typeof method !== "string" || !TOKEN.test(method))
    throw new TypeError(`method: must be an HTTP method${got(method)}`);
  return method.toUpperCase();
}

export function isHeaderName(name: string): boolean {
  return TOKEN.test(name);
}

/** `, got ...`, for arguments that are not secret. */
export function got(value: unknown): string {
  return `, got ${typeof value === "string" ? JSON.stringify(value) : typeof value === "number" ? value : typeof value}`;
}
