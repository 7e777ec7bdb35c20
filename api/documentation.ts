import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Router } from 'express';
import helmet from 'helmet';

const ASSETS = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Datamap API</title>
    <link rel="stylesheet" href="/api/docs/swagger-ui.css">
    <script src="/api/docs/swagger-ui-bundle.js" defer></script>
    <script src="/api/docs/show.js" defer></script>
  </head>
  <body>
    <div id="documentation"></div>
  </body>
</html>
`;

const SHOW = `SwaggerUIBundle({
  url: '/api/v1/openapi.json',
  dom_id: '#documentation',
  deepLinking: true,
  docExpansion: 'none',
  filter: true,
  // Cookie sessions need it on unsafe methods; with a token it does no harm.
  requestInterceptor: (request) => Object.assign(request, { headers: { ...request.headers, 'X-Datamap-CSRF': '1' } }),
});
`;

/** The browsable documentation: a page and its scripts, all from here; nothing is loaded from elsewhere. */
export function documentationRoutes(): Router {
  const router = Router();
  router.use(
    helmet.contentSecurityPolicy({
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        // Its templates carry style attributes.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    }),
  );
  router.get('/', (_request, response) => {
    response.type('html').send(PAGE);
  });
  router.get('/show.js', (_request, response) => {
    response.type('js').send(SHOW);
  });
  for (const asset of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    router.get(`/${asset}`, (_request, response) => {
      response.sendFile(asset, { root: ASSETS, maxAge: '1d' });
    });
  }
  return router;
}
