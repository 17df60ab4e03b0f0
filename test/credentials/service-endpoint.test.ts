import { describe, expect, it } from "vitest";
import { makeContext } from "../../src/credentials/context.js";
import { type CredentialService, serviceEndpoint } from "../../src/credentials/service-endpoint.js";

/** Hosts as AWS's own endpoint rules for these services have them. */
describe("the host of a service that gives credentials", () => {
  it.each<[CredentialService, string, "" | "fips" | "dualstack" | "both", string]>([
    ["STS", "eu-central-1", "", "sts.eu-central-1.amazonaws.com"],
    ["STS", "aws-global", "", "sts.amazonaws.com"],
    ["STS", "us-gov-west-1", "fips", "sts.us-gov-west-1.amazonaws.com"],
    ["STS", "us-iso-east-1", "", "sts.us-iso-east-1.c2s.ic.gov"],
    ["SSO", "us-east-2", "both", "portal.sso-fips.us-east-2.api.aws"],
    ["SSO", "eu-west-1", "", "portal.sso.eu-west-1.amazonaws.com"],
    ["SSO OIDC", "cn-north-1", "dualstack", "oidc.cn-north-1.api.amazonwebservices.com.cn"],
    ["Signin", "eu-west-1", "", "eu-west-1.signin.aws.amazon.com"],
    ["Signin", "eu-west-1", "fips", "signin-fips.eu-west-1.amazonaws.com"],
    ["Signin", "cn-north-1", "", "cn-north-1.signin.amazonaws.cn"],
    ["Signin", "us-gov-west-1", "", "us-gov-west-1.signin.amazonaws-us-gov.com"],
    ["Signin", "us-gov-west-1", "fips", "signin-fips.amazonaws-us-gov.com"],
    ["Signin", "us-gov-east-1", "fips", "us-gov-east-1.signin-fips.amazonaws-us-gov.com"],
    ["Signin", "eu-isoe-west-1", "", "eu-isoe-west-1.signin.csphome.adc-e.uk"],
    ["Signin", "us-isof-south-1", "", "us-isof-south-1.signin.csphome.hci.ic.gov"],
  ])("%s in %s %s: %s", async (service, region, flags, host) => {
    const env = {
      HOME: "/nonexistent",
      AWS_USE_FIPS_ENDPOINT: String(flags === "fips" || flags === "both"),
      AWS_USE_DUALSTACK_ENDPOINT: String(flags === "dualstack" || flags === "both"),
    };
    expect(await serviceEndpoint(makeContext({ env }), service, region)).toBe(`https://${host}`);
  });
});
