import { S3Client } from "./client/client.js";
import type { S3ClientOptions } from "./client/options.js";
import { ProfileSession } from "./client/profile-session.js";
import type { CallerIdentity } from "./credentials/sts.js";
import { availableRegions, partitionForRegion } from "./endpoint/region.js";
import { S3Resource } from "./resource/index.js";

export type { SessionOptions } from "./client/profile-session.js";

/**
 * A profile, a region and credentials, from which clients are made. Sessions share nothing with each other. The shared
 * files are read once, on first need.
 *
 * ```ts
 * const session = new Session({ profile: "work" });
 * const s3 = session.client();
 * ```
 */
export class Session extends ProfileSession {
  /** The regions of a partition where S3 is (`aws`, `aws-cn`, `aws-us-gov`, ...). */
  availableRegions(partition = "aws"): string[] {
    return availableRegions(partition);
  }

  /** The partition that a region belongs to; `aws` for regions nobody knows. */
  partitionForRegion(region: string): string {
    return partitionForRegion(region);
  }

  /** Who one is, as STS sees it: account, ARN and user id. */
  async callerIdentity(): Promise<CallerIdentity> {
    await this.load();
    const [{ getCallerIdentity }, credentials] = await Promise.all([
      import("./credentials/sts.js"),
      this.credentials(),
    ]);
    return getCallerIdentity({
      ...this.options,
      credentials,
      region: this.region,
      env: this.env,
      sharedConfig: this.files,
    });
  }

  /** A client of this session. */
  client(options: S3ClientOptions = {}): S3Client {
    const { profile } = options;
    const same = profile === undefined || profile === this.options.profile;
    return new S3Client(options, same ? this : new ProfileSession({ ...this.options, profile }));
  }

  /** S3, object by object, through a client of this session: `session.resource().bucket("river").objects`. */
  resource(options: S3ClientOptions = {}): S3Resource {
    return new S3Resource(this.client(options));
  }
}
