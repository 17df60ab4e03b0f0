import type { ResponseMetadata } from "../model/dictionaries.js";

/**
 * What every result and error says of its answer.
 * @param headers names in lower case
 * @param retries how many times the request was sent again
 */
export function responseMetadata(status: number, headers: Record<string, string>, retries: number): ResponseMetadata {
  const requestId = headers["x-amz-request-id"] ?? headers["x-amzn-requestid"];
  const hostId = headers["x-amz-id-2"];
  const metadata: ResponseMetadata = { HTTPStatusCode: status, HTTPHeaders: headers, RetryAttempts: retries };
  if (requestId !== undefined) metadata.RequestId = requestId;
  if (hostId !== undefined) metadata.HostId = hostId;
  return metadata;
}
