import type { Target } from "../target.js";
import { access } from "./access.js";
import { acl } from "./acl.js";
import { addressing } from "./addressing.js";
import { bodies } from "./bodies.js";
import { buckets } from "./buckets.js";
import { conditions } from "./conditions.js";
import { copy } from "./copy.js";
import { deletion } from "./deletion.js";
import { errors } from "./errors.js";
import { keys } from "./keys.js";
import { lifecycle } from "./lifecycle.js";
import { list } from "./list.js";
import { metadata } from "./metadata.js";
import { multipart } from "./multipart.js";
import { presign } from "./presign.js";
import { protection } from "./protection.js";
import { settings } from "./settings.js";
import { soundness } from "./soundness.js";
import { tagging } from "./tagging.js";
import { transfers } from "./transfers.js";
import { versioning } from "./versioning.js";

/** Registers every room of the end-to-end suite against one server. */
export function suite(target: Target): void {
  soundness(target);
  addressing(target);
  buckets(target);
  bodies(target);
  keys(target);
  metadata(target);
  tagging(target);
  list(target);
  deletion(target);
  copy(target);
  multipart(target);
  versioning(target);
  conditions(target);
  presign(target);
  errors(target);
  acl(target);
  access(target);
  lifecycle(target);
  protection(target);
  settings(target);
  transfers(target);
}
