declare module "aws4" {
  interface Request {
    host: string;
    path: string;
    method?: string;
    service?: string;
    region?: string;
    headers?: Record<string, string>;
    body?: string;
    signQuery?: boolean;
  }
  const aws4: {
    sign(
      request: Request,
      credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string | undefined },
    ): { path: string; headers: Record<string, string | number> };
  };
  export default aws4;
}
