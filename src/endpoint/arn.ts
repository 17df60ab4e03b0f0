/** An Amazon Resource Name taken apart: `arn:partition:service:region:account:resource`. */
export interface Arn {
  partition: string;
  service: string;
  /** Empty for resources of no one region. */
  region: string;
  /** Empty where the resource belongs to no account. */
  accountId: string;
  /** The resource, split at `:` and `/`: `["accesspoint", "my-ap"]`. */
  resource: string[];
}

/**
 * Takes an ARN apart; undefined if it is none. Partition, service and resource must be there, region and account may be empty.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 */
export function parseArn(value: string): Arn | undefined {
  if (!value.startsWith("arn:")) return undefined;
  const service = value.indexOf(":", 4) + 1;
  const region = service && value.indexOf(":", service) + 1;
  const account = region && value.indexOf(":", region) + 1;
  const resource = account && value.indexOf(":", account) + 1;
  if (resource === 0 || resource === value.length || service === 5 || region === service + 1) return undefined;
  return {
    partition: value.slice(4, service - 1),
    service: value.slice(service, region - 1),
    region: value.slice(region, account - 1),
    accountId: value.slice(account, resource - 1),
    resource: value.slice(resource).split(/[:/]/),
  };
}
