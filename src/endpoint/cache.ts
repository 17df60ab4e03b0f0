import type { EndpointParameters } from "./parameters.js";
import { type PreparedEndpoint, prepareEndpoint } from "./prepared.js";
import { resolveEndpoint } from "./resolve.js";

/** The part of the parameters that is the same for every call of a client. */
export interface EndpointConfiguration
  extends Pick<
    EndpointParameters,
    | "Region"
    | "Endpoint"
    | "UseFIPS"
    | "UseDualStack"
    | "Accelerate"
    | "UseGlobalEndpoint"
    | "UseArnRegion"
    | "DisableMultiRegionAccessPoints"
    | "DisableS3ExpressSessionAuth"
  > {
  /**
   * `true`: every bucket in the path, and an ARN is an error, as the rules have it. `"unless-arn"`: buckets in the path, ARNs where they
   * belong; for a default that nobody asked for. Default false.
   */
  ForcePathStyle?: boolean | "unless-arn" | undefined;
  /** In the place of the region set that an endpoint names for SigV4A. */
  signingRegionSet?: readonly string[] | undefined;
  /** Auth schemes in the order liked. Default: SigV4, which costs a tenth of SigV4A. */
  authSchemePreference?: readonly string[] | undefined;
}

/** What an operation adds to the parameters; an operation of the model is one. */
export interface OperationTraits {
  /** UseS3ExpressControlEndpoint. */
  readonly expressControl?: boolean;
  /** DisableS3ExpressSessionAuth. */
  readonly noExpressSession?: boolean;
  /** DisableAccessPoints. */
  readonly noAccessPoints?: boolean;
  /** UseObjectLambdaEndpoint. */
  readonly objectLambda?: boolean;
  /** The bucket in the path and no acceleration, as GetBucketLocation needs it to be answered from any region. */
  readonly pathStyle?: boolean;
  /** The regional host even where the global one is configured, as presigned URLs need it: a redirect would break them. */
  readonly regionalHost?: boolean;
}

/** The traits as a small number, which is half of the cache's key. */
export function traitsKey(traits: OperationTraits): number {
  return (
    (traits.expressControl ? 1 : 0) |
    (traits.noExpressSession ? 2 : 0) |
    (traits.noAccessPoints ? 4 : 0) |
    (traits.objectLambda ? 8 : 0) |
    (traits.pathStyle ? 16 : 0) |
    (traits.regionalHost ? 32 : 0)
  );
}

/** The most regions that a cache keeps besides its own. */
const regionLimit = 32;
/** A name this long is no bucket and no ARN; keeping it would let a caller's mistake fill the memory. */
const longestKey = 2048;

/**
 * The endpoints that a client has met, ready for use: a hit is a lookup, and a miss runs the rules. Errors are not kept. Bounded: the
 * bucket that came first goes first.
 */
export class EndpointCache {
  readonly #configuration: EndpointConfiguration;
  readonly #limit: number;
  /** Bucket (undefined: none) to endpoints by traits. */
  readonly #buckets = new Map<string | undefined, (PreparedEndpoint | undefined)[]>();
  readonly #regions = new Map<string, EndpointCache>();

  /** @param limit the most buckets to remember, in this region and in every other one. */
  constructor(configuration: EndpointConfiguration, limit = 500) {
    this.#configuration = configuration;
    this.#limit = limit;
  }

  /** How many buckets are remembered, in the configured region. */
  get size(): number {
    return this.#buckets.size;
  }

  /**
   * The endpoint of a bucket, or of a call without one.
   *
   * @param key of the operation, from {@link traitsKey}.
   * @param region where it is not the configured one: a bucket that was found elsewhere.
   * @throws {@link EndpointError} as `resolveEndpoint`.
   */
  get(bucket: string | undefined, key = 0, region?: string): PreparedEndpoint {
    if (region !== undefined && region !== this.#configuration.Region) return this.#inRegion(region).get(bucket, key);
    return this.#buckets.get(bucket)?.[key] ?? this.#resolve(bucket, key);
  }

  #resolve(bucket: string | undefined, key: number): PreparedEndpoint {
    const endpoint = prepareEndpoint(
      resolveEndpoint(parametersFor(this.#configuration, bucket, key)),
      this.#configuration,
    );
    if (bucket !== undefined && bucket.length > longestKey) return endpoint;
    let endpoints = this.#buckets.get(bucket);
    if (endpoints === undefined) {
      if (this.#buckets.size >= this.#limit) this.#buckets.delete(this.#buckets.keys().next().value);
      endpoints = [];
      this.#buckets.set(bucket, endpoints);
    }
    endpoints[key] = endpoint;
    return endpoint;
  }

  #inRegion(region: string): EndpointCache {
    let cache = this.#regions.get(region);
    if (cache === undefined) {
      if (this.#regions.size >= regionLimit) {
        const [oldest = region] = this.#regions.keys();
        this.#regions.delete(oldest);
      }
      cache = new EndpointCache({ ...this.#configuration, Region: region }, this.#limit);
      this.#regions.set(region, cache);
    }
    return cache;
  }
}

function parametersFor(base: EndpointConfiguration, bucket: string | undefined, key: number): EndpointParameters {
  const wantsPath = base.ForcePathStyle === "unless-arn" || (key & 16) !== 0;
  const isArn = bucket?.startsWith("arn:") ?? false;
  // Member by member: a spread here takes ten times as long as the rules.
  return {
    Bucket: bucket,
    Region: base.Region,
    Endpoint: base.Endpoint,
    UseFIPS: base.UseFIPS,
    UseDualStack: base.UseDualStack,
    UseArnRegion: base.UseArnRegion,
    DisableMultiRegionAccessPoints: base.DisableMultiRegionAccessPoints,
    ForcePathStyle: base.ForcePathStyle === true || (wantsPath && !isArn),
    Accelerate: base.Accelerate === true && (key & 16) === 0,
    UseGlobalEndpoint: base.UseGlobalEndpoint === true && (key & 32) === 0,
    UseS3ExpressControlEndpoint: (key & 1) !== 0,
    DisableS3ExpressSessionAuth: base.DisableS3ExpressSessionAuth === true || (key & 2) !== 0,
    DisableAccessPoints: (key & 4) !== 0,
    UseObjectLambdaEndpoint: (key & 8) !== 0,
  };
}
