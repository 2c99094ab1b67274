/** Bounds of what is fetched from an identity provider. */
export interface FetchBounds {
  readonly timeoutMs: number;
  readonly bytesMax: number;
}

/** A JSON document from an address of the operator's choice. No redirect is followed. @throws Error in words for an operator */
export async function fetchJson(address: string, { timeoutMs, bytesMax }: FetchBounds): Promise<unknown> {
  const response = await fetch(address, { redirect: 'error', headers: { accept: 'application/json' }, signal: AbortSignal.timeout(timeoutMs) }).catch((error: unknown) => {
    throw new Error(`${address} does not answer: ${reasonOf(error)}`);
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`${address} answers ${response.status}`);
  }
  const text = await boundedText(response, bytesMax).catch((error: unknown) => {
    throw new Error(`${address} does not answer: ${reasonOf(error)}`);
  });
  if (text === null) throw new Error(`${address} answers more than ${bytesMax} bytes`);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error(`${address} does not answer JSON`);
  }
}

/** @returns null where there are more bytes */
async function boundedText(response: Response, bytesMax: number): Promise<string | null> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > bytesMax) return null;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** `fetch` says what went wrong in the cause of its error. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as { readonly message?: string; readonly cause?: { readonly message?: string } };
  return cause?.message ?? message ?? String(error);
}
