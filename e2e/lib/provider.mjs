// A certified OpenID provider (oidc-provider from npm), over TLS, as a third party that nobody here has written:
// PKCE required, `iss` in its answers, answers as a form, refresh tokens that rotate and whose reuse ends everything.
import { once } from 'node:events';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Provider from 'oidc-provider';
import selfsigned from 'selfsigned';

const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1H0z"/></svg>';

/** The integration's key, and what the server is registered as there. */
export const KEY = 'oidp';
const CLIENT = { id: 'handclasp-under-test', secret: 'canary-of-the-provider' };

/** Who signs in there. */
export const ACCOUNT = 'sam-taylor';

/**
 * Opens its port, and writes its declaration into a folder of integrations. `settings` are the server's by
 * the environment; `meet(server)` registers the server there and here, and has it answer; `asked` are the
 * grant types of the requests for tokens that it answered well.
 */
export async function startProvider({ accessTokenSeconds }) {
  const folder = await mkdtemp(join(tmpdir(), 'handclasp-provider-'));
  const { private: key, cert } = selfsigned.generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    algorithm: 'sha256',
    days: 2,
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
    ],
  });
  let answer = (_, response) => response.writeHead(503).end();
  const https = createServer({ key, cert }, (request, response) => answer(request, response));
  https.listen(0, 'localhost');
  await once(https, 'listening');
  const issuer = `https://localhost:${https.address().port}`;
  const certificate = join(folder, 'ca.pem');
  await writeFile(certificate, cert);
  const declared = join(folder, 'integrations', 'provider');
  await mkdir(declared, { recursive: true });
  await writeFile(join(declared, 'integration.toml'), declaration(issuer));
  await writeFile(join(declared, 'logo.svg'), LOGO);
  const asked = [];
  return {
    issuer,
    host: new URL(issuer).host,
    asked,
    settings: {
      HANDCLASP_INTEGRATIONS_DIR: join(folder, 'integrations'),
      // Read by the library that finds the system's certificates.
      SSL_CERT_FILE: certificate,
    },
    async meet(server, put) {
      const provider = providerFor(issuer, server, accessTokenSeconds);
      provider.on('grant.success', ({ oidc }) => asked.push(oidc.params.grant_type));
      provider.on('grant.revoked', () => asked.push('revoked'));
      provider.on('grant.error', ({ oidc }, error) => asked.push(`${oidc.params?.grant_type}: ${error.message}`));
      const callback = provider.callback();
      answer = (request, response) => {
        if (!request.url.startsWith('/allow/')) return callback(request, response);
        if (request.method === 'POST') return allow(provider, request, response);
        response.setHeader('content-type', 'text/html; charset=utf-8');
        return response.end(PAGE);
      };
      await put(`/integrations/${KEY}/settings`, {
        enabled: true,
        values: { client_id: CLIENT.id, client_secret: CLIENT.secret },
      });
    },
    async stop() {
      https.closeAllConnections();
      https.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const PAGE = `<!doctype html><html lang="en"><title>Sign in</title><link rel="icon" href="data:,">
<h1>Certified provider</h1><form method="post"><button>Allow</button></form></html>`;

/** All that is asked for is allowed. */
async function allow(provider, request, response) {
  const { params, grantId } = await provider.interactionDetails(request, response);
  const grant =
    (grantId && (await provider.Grant.find(grantId))) ??
    new provider.Grant({ accountId: ACCOUNT, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const result = { login: { accountId: ACCOUNT }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result);
}

function providerFor(issuer, server, accessTokenSeconds) {
  return new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [`${server.baseUrl}/callback/${server.clientId}/${KEY}`],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    cookies: { keys: ['of-a-test'] },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
    },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_, { uid }) => `/allow/${uid}` },
    pkce: { methods: ['S256'], required: () => true },
    rotateRefreshToken: true,
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: 60,
      Grant: 3_600,
      IdToken: 3_600,
      Interaction: 3_600,
      RefreshToken: 3_600,
      Session: 3_600,
    },
  });
}

const declaration = (issuer) => `
key = "${KEY}"
name = "Certified Provider"
source_type = "Accounting"
integration_id = "00000000-0000-4000-8000-0000000000f1"
source_id = "00000000-0000-4000-8000-0000000000f2"
order = 900
docs = "https://github.com/panva/node-oidc-provider"
data_types = ["company"]

[auth.oauth2_code]
authorization_endpoint = "${issuer}/auth"
issuer = "${issuer}"
issuer_in_callback = true
pkce = "S256"
response_mode = "form_post"
authorize_parameters = { prompt = "consent" }

[auth.oauth2_code.openid]
jwks = "${issuer}/jwks"
algorithms = ["RS256"]
userinfo = "${issuer}/me"
scopes = ["openid"]

[auth.oauth2_code.token]
endpoint = "${issuer}/token"
client_authentication = "basic"
scopes = ["openid", "offline_access"]
required_scopes = ["openid"]
refresh_tokens = "rotate"
revocation.rfc7009.endpoint = "${issuer}/token/revocation"

[account]
call.endpoint = "${issuer}/me"
id = "/sub"
name = "/sub"
`;
