import { inspect } from "node:util";
import { CredentialsError } from "../errors/base.js";
import type { Credentials } from "./types.js";

/**
 * Credentials that don't give themselves away. The two secrets are getters of the object itself: they can be read, spread
 * and compared like plain members, but `console.dir` and whoever else looks without asking sees `[Getter]`. `toJSON` and the
 * inspection hook, on the prototype and so not copied by a spread, do the rest.
 */
class ShieldedCredentials implements Credentials {
  readonly accessKeyId: string;
  declare readonly secretAccessKey: string;
  declare readonly sessionToken?: string;
  declare readonly expiration?: Date;
  declare readonly accountId?: string;
  declare readonly source?: string;

  constructor({ accessKeyId, secretAccessKey, sessionToken, expiration, accountId, source }: Credentials) {
    this.accessKeyId = accessKeyId;
    shield(this, "secretAccessKey", secretAccessKey);
    if (sessionToken !== undefined) shield(this, "sessionToken", sessionToken);
    if (expiration !== undefined) this.expiration = expiration;
    if (accountId !== undefined) this.accountId = accountId;
    if (source !== undefined) this.source = source;
    Object.freeze(this);
  }

  toJSON(): object {
    const { accessKeyId, expiration, accountId, source } = this;
    return { accessKeyId, expiration, accountId, source };
  }

  [inspect.custom](_depth: number, options: object, show: typeof inspect): string {
    const hidden = { [inspect.custom]: () => "[hidden]" };
    const shown: Record<string, unknown> = {};
    for (const key of Object.keys(this)) {
      shown[key] = key === "secretAccessKey" || key === "sessionToken" ? hidden : this[key as keyof Credentials];
    }
    return `Credentials ${show(shown, options)}`;
  }
}

function shield(target: object, name: string, secret: string): void {
  Object.defineProperty(target, name, { enumerable: true, get: () => secret });
}

/** Credentials whose secrets show in no log. */
export function makeCredentials(fields: Credentials): Credentials {
  return new ShieldedCredentials(fields);
}

/**
 * Checks what a user's own provider gave, and shields it. Blanks around keys, which a copied line end leaves, are cut off.
 *
 * @throws CredentialsError where it is not credentials.
 */
export function checkCredentials(given: unknown, source: string): Credentials {
  if (given instanceof ShieldedCredentials) return given;
  const fields = (typeof given === "object" && given !== null ? given : {}) as Partial<
    Record<keyof Credentials, unknown>
  >;
  const { accessKeyId, secretAccessKey, sessionToken, expiration, accountId } = fields;
  if (
    typeof accessKeyId !== "string" ||
    accessKeyId === "" ||
    typeof secretAccessKey !== "string" ||
    secretAccessKey === ""
  ) {
    throw new CredentialsError(`${source}: expected an object with accessKeyId and secretAccessKey`, {
      code: "InvalidCredentials",
      hint: "Credentials are { accessKeyId, secretAccessKey, sessionToken?, expiration? }, or an async function that returns them.",
    });
  }
  return makeCredentials({
    accessKeyId: accessKeyId.trim(),
    secretAccessKey: secretAccessKey.trim(),
    sessionToken: typeof sessionToken === "string" && sessionToken !== "" ? sessionToken.trim() : undefined,
    expiration: expiration === undefined || expiration === null ? undefined : readExpiration(expiration, source),
    accountId: typeof accountId === "string" ? accountId : undefined,
    source: typeof fields.source === "string" ? fields.source : source,
  });
}

/**
 * A time from outside as a `Date`: ISO 8601 (also with `UTC` for `Z`, as old token files have it), or a `Date` itself.
 *
 * @throws CredentialsError where it is no time.
 */
export function readExpiration(time: unknown, source: string): Date {
  const date =
    time instanceof Date ? time : new Date(typeof time === "string" ? time.trim().replace(/UTC$/, "Z") : Number.NaN);
  if (!Number.isNaN(date.getTime())) return date;
  throw new CredentialsError(`${source}: the expiration is not a time`, {
    code: "InvalidCredentials",
    hint: "Times are written as 2026-01-31T12:00:00Z.",
  });
}
