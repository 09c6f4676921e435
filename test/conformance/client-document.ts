// The client that introduces itself with a document. The Worker fetches only from public hosts, so its test entry stands
// in for this one.

export const CLIENT_ID = 'https://conformance.gatehouse-tests.dev/client.json'

export const clientDocument = {
  client_id: CLIENT_ID,
  client_name: 'Conformance suite',
  // Without a port, since the suite's is chosen when it starts.
  redirect_uris: ['http://127.0.0.1/callback'],
  token_endpoint_auth_method: 'none',
}
