import { fileURLToPath } from 'node:url';
import express, { Router } from 'express';

const DIRECTORY = fileURLToPath(new URL('./landing/', import.meta.url));

/** The landing page and the login page: static files without inline script. What they show comes from the API. */
export function landingRoutes(): Router {
  const router = Router();
  router.get('/login', (_request, response) => {
    // A login link stands behind the # of this page's address; no other site is to learn even where it came from.
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.sendFile('login.html', { root: DIRECTORY, cacheControl: false });
  });
  router.use(express.static(DIRECTORY, { index: 'index.html', cacheControl: false, redirect: false }));
  return router;
}
