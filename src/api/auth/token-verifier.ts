import type { Actor } from '../ports.js';

/** Bearer credentials beside API keys. */
export interface TokenVerifier {
  /** whether the credential has the form of a token; what has not is looked up as an API key */
  understands(credential: string): boolean;
  /**
   * The owner of a token, or null where nobody whom we trust has signed it.
   * @throws ApiError 401 for a token that was good and is no more, 403 for one whose owner has no role here, 503 while it cannot be checked
   */
  authenticate(token: string): Promise<Actor | null>;
}
