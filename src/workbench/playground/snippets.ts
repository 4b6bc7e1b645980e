/** Settings that can be pasted into an application. */
export interface Snippet {
  readonly name: string
  readonly code: string
}

/** Settings for the common libraries, for this issuer and client. */
export function createSnippets(issuer: string, clientId: string): Snippet[] {
  const callback = 'https://your-app.example/callback'
  return [
    {
      name: 'Any OpenID Connect library',
      code: `issuer        ${issuer}\ndiscovery     ${issuer}/.well-known/openid-configuration\nclient_id     ${clientId}\nredirect_uri  ${callback}\nscope         openid profile email\nflow          authorization code with PKCE (S256)`,
    },
    {
      name: 'Node.js: openid-client',
      code: `import * as client from 'openid-client'\n\nconst config = await client.discovery(new URL('${issuer}'), '${clientId}', process.env.CLIENT_SECRET)\nconst code_verifier = client.randomPKCECodeVerifier()\nconst url = client.buildAuthorizationUrl(config, {\n  redirect_uri: '${callback}',\n  scope: 'openid profile email',\n  code_challenge: await client.calculatePKCECodeChallenge(code_verifier),\n  code_challenge_method: 'S256',\n})`,
    },
    {
      name: 'Auth.js',
      code: `{\n  id: 'gatehouse',\n  name: 'Gatehouse',\n  type: 'oidc',\n  issuer: '${issuer}',\n  clientId: '${clientId}',\n  clientSecret: process.env.CLIENT_SECRET,\n}`,
    },
    {
      name: 'Spring Security',
      code: `spring.security.oauth2.client.registration.gatehouse.client-id=${clientId}\nspring.security.oauth2.client.registration.gatehouse.client-secret=\${CLIENT_SECRET}\nspring.security.oauth2.client.registration.gatehouse.scope=openid,profile,email\nspring.security.oauth2.client.provider.gatehouse.issuer-uri=${issuer}`,
    },
    {
      name: 'ASP.NET Core',
      code: `builder.Services.AddAuthentication(options => { options.DefaultChallengeScheme = "oidc"; })\n  .AddCookie()\n  .AddOpenIdConnect("oidc", options =>\n  {\n    options.Authority = "${issuer}";\n    options.ClientId = "${clientId}";\n    options.ClientSecret = builder.Configuration["ClientSecret"];\n    options.ResponseType = "code";\n    options.UsePkce = true;\n  });`,
    },
    {
      name: 'oauth2-proxy',
      code: `provider = "oidc"\noidc_issuer_url = "${issuer}"\nclient_id = "${clientId}"\ncode_challenge_method = "S256"`,
    },
  ]
}
