import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import express, { Router } from 'express';

const DIRECTORY = fileURLToPath(new URL('./landing/', import.meta.url));

/** Browsers ask each time whether a file has changed: left to themselves they would mix an old script with a new API. */
const ALWAYS_ASKED_FOR = {
  cacheControl: false,
  headers: { 'Cache-Control': 'no-cache' },
  setHeaders: (response: ServerResponse) => response.setHeader('Cache-Control', 'no-cache'),
};

/** The landing page and the login page: static files without inline script. What they show comes from the API. */
export function landingRoutes(): Router {
  const router = Router();
  router.get('/login', (_request, response) => {
    // A login link stands behind the # of this page's address; no other site is to learn even where it came from.
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.sendFile('login.html', { root: DIRECTORY, ...ALWAYS_ASKED_FOR });
  });
  router.use(express.static(DIRECTORY, { index: 'index.html', redirect: false, ...ALWAYS_ASKED_FOR }));
  return router;
}
