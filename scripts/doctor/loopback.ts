// This computer, as an address names it (RFC 8252 §7.3).

export function isLoopback({ hostname }: URL): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}

/** Whether a program on this computer receives the answer. */
export function isLoopbackRedirect(redirectUri: string): boolean {
  const url = new URL(redirectUri)
  return url.protocol === 'http:' && isLoopback(url)
}
