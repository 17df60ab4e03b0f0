import { createHash, randomBytes } from "node:crypto";

/** Credentials that the server accepts. */
export interface ServerCredentials {
  /** Public name of the key. */
  accessKeyId: string;
  /** The secret that signs. */
  secretAccessKey: string;
  /** When set, requests must bring it: temporary credentials. */
  sessionToken?: string | undefined;
  /** From then on requests get ExpiredToken. */
  expiration?: Date | undefined;
  /** Twelve digits. Users of one account own the same buckets; by default each has an account of its own. */
  accountId?: string | undefined;
  /** The name that owners and grantees go by in ACLs. Default: the access key id. */
  displayName?: string | undefined;
}

/** Somebody who signs requests. */
export interface User {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  readonly expiration: Date | undefined;
  readonly accountId: string;
  /** What ACLs call the account: 64 hex digits. */
  readonly canonicalId: string;
  readonly displayName: string;
  /** The directory bucket that a CreateSession gave these credentials for, and whether they may write. */
  readonly session: { readonly bucket: string; readonly readOnly: boolean } | undefined;
}

/** The canonical id of an account: made from its number, so that it is the same in every run. */
export function canonicalIdOf(accountId: string): string {
  return createHash("sha256").update(`canonical-user:${accountId}`).digest("hex");
}

function toUser(credentials: ServerCredentials, index: number): User {
  const accountId = credentials.accountId ?? String(111122223333 + 111111111111 * (index % 8) + (index >> 3));
  return {
    accessKeyId: credentials.accessKeyId,
    secretAccessKey: credentials.secretAccessKey,
    sessionToken: credentials.sessionToken,
    expiration: credentials.expiration,
    accountId,
    canonicalId: canonicalIdOf(accountId),
    displayName: credentials.displayName ?? credentials.accessKeyId,
    session: undefined,
  };
}

/** Everybody whose signatures the server knows. */
export class Users {
  readonly #users: readonly User[];
  readonly #byKey = new Map<string, User>();
  readonly #sessions = new Map<string, User>();

  constructor(list: readonly ServerCredentials[]) {
    this.#users = list.map(toUser);
    for (const user of this.#users) this.#byKey.set(user.accessKeyId, user);
  }

  /** Whom the buckets given at the start belong to. */
  get first(): User {
    return this.#users[0]!;
  }

  find(accessKeyId: string): User | undefined {
    return this.#byKey.get(accessKeyId) ?? this.#sessions.get(accessKeyId);
  }

  /** The user of that account: by canonical id, account number, or the address that stands for the display name. */
  findAccount(id: string): User | undefined {
    return this.#users.find(
      (user) => user.canonicalId === id || user.accountId === id || user.displayName === id.replace(/@.*$/, ""),
    );
  }

  /** Fresh credentials for one directory bucket, good until `expiration`. */
  openSession(user: User, bucket: string, readOnly: boolean, expiration: Date, now: Date): User {
    for (const [key, old] of this.#sessions) {
      if (old.expiration && old.expiration <= now) this.#sessions.delete(key);
    }
    const session: User = {
      ...user,
      accessKeyId: `ASIA${randomBytes(8).toString("hex").toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString("base64"),
      sessionToken: randomBytes(96).toString("base64"),
      expiration,
      session: { bucket, readOnly },
    };
    this.#sessions.set(session.accessKeyId, session);
    return session;
  }

  reset(): void {
    this.#sessions.clear();
  }
}
