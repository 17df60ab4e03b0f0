import { CredentialsError, type TucuxiErrorOptions } from "../errors/base.js";

/** One provider that was asked and had nothing to go by. */
export interface Lack {
  /** Which: `environment`, `profile 'work'`, `instance metadata`. */
  readonly provider: string;
  /** What it lacked: `AWS_ACCESS_KEY_ID is not set`. */
  readonly lack: string;
}

/** No provider had anything to go by. The message lists them in the order in which they were asked. */
export class NoCredentialsError extends CredentialsError {
  /** Every provider asked, and what it lacked. */
  readonly tried: readonly Lack[];

  constructor(tried: readonly Lack[], options: TucuxiErrorOptions = {}) {
    super(`No credentials found: ${listLacks(tried)}`, {
      code: "NoCredentials",
      hint: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile, or pass `credentials`.",
      ...options,
    });
    this.tried = tried;
  }
}

/** `environment: AWS_ACCESS_KEY_ID is not set; profile 'work': no role_arn, no sso_account_id`: each provider once. */
export function listLacks(tried: readonly Lack[]): string {
  const lists = new Map<string, string>();
  for (const { provider, lack } of tried) {
    const before = lists.get(provider);
    lists.set(provider, before === undefined ? lack : `${before}, ${lack}`);
  }
  return [...lists].map(([provider, lacks]) => `${provider}: ${lacks}`).join("; ");
}

/** What a service said when it refused. */
export interface ServiceFault {
  /** `STS`, `SSO`, `SSO OIDC`, `Signin`, `container`, `instance metadata`. */
  readonly service: string;
  readonly operation: string;
  readonly statusCode: number;
  /** The service's own code: `AccessDenied`, `ExpiredTokenException`. */
  readonly code: string;
  readonly serviceMessage: string;
  readonly requestId?: string | undefined;
}

/** A service that gives credentials answered with an error; `code` is the service's own. */
export class CredentialsServiceError extends CredentialsError {
  /** Which service answered. */
  readonly service: string;
  /** What it was asked. */
  readonly operation: string;
  /** HTTP status of the answer. */
  readonly statusCode: number;
  /** The service's name for the request, where it gave one. */
  readonly requestId?: string;

  constructor(fault: ServiceFault, options: TucuxiErrorOptions = {}) {
    const { service, operation, statusCode, code, serviceMessage, requestId } = fault;
    super(
      `${service} ${operation}: ${code} (HTTP ${statusCode})${serviceMessage === "" ? "" : `: ${serviceMessage}`}`,
      {
        ...options,
        code,
      },
    );
    this.service = service;
    this.operation = operation;
    this.statusCode = statusCode;
    if (requestId !== undefined) this.requestId = requestId;
  }
}

/** Keys of which one half is missing. */
export function partialCredentials(missing: string, where: string): CredentialsError {
  return new CredentialsError(`${where}: there is half a key: ${missing} is not set`, {
    code: "PartialCredentials",
    hint: `Set ${missing}, or take the other half out.`,
  });
}
