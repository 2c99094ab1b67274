const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Whether keys may be trusted that come from there: over TLS, or from this machine. */
export function isAcceptableIssuer(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, username, password } = new URL(address);
  return username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname)));
}
