/** The names of the options that go beside an input. */
import { optionNames } from "../errors/names.js";
import type { CallOptions, PresignOptions } from "./options.js";
import type { PaginateOptions } from "./pages.js";
import type { WaitOptions } from "./waiters.js";

const ofCall = { signal: true, timeout: true, headers: true } as const;

/** Of a call. */
export const callNames = optionNames<CallOptions>(ofCall);

/** Of `paginate`. */
export const pageNames = optionNames<PaginateOptions>({
  pageSize: true,
  maxItems: true,
  startingToken: true,
  prefetch: true,
  ...ofCall,
});

/** Of `waitUntil`. */
export const waitNames = optionNames<WaitOptions>({
  delay: true,
  maxAttempts: true,
  jitter: true,
  sleep: true,
  ...ofCall,
});

const ofForm = { expiresIn: true, signingDate: true } as const;

/** Of presigned forms. */
export const formNames = optionNames<Pick<PresignOptions, keyof typeof ofForm>>(ofForm);

/** Of `presign` and `presignSync`. */
export const urlNames = optionNames<PresignOptions>({ ...ofForm, method: true, headers: true });
