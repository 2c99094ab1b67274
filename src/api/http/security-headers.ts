import type { NextFunction, Request, Response } from 'express';

const NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/** The page loads its own files and talks to its own origin; no inline code, no other host. */
const PAGE = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/** Swagger UI sets style attributes. */
const DOCS = PAGE.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'");

/** Headers that are the same for every answer; pages replace the content security policy. */
export function securityHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('Content-Security-Policy', NOTHING);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cache-Control', 'no-store');
  next();
}

export function allowPage(response: Response, kind: 'page' | 'docs'): void {
  response.setHeader('Content-Security-Policy', kind === 'page' ? PAGE : DOCS);
  response.setHeader('Cache-Control', 'no-cache');
}
