import { createRequire } from 'node:module';
import { Router } from 'express';
import helmet from 'helmet';

const SCRIPT = createRequire(import.meta.url).resolve('rapidoc/dist/rapidoc-min.js');

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Datamap API</title>
    <script type="module" src="/api/docs/rapidoc.js"></script>
  </head>
  <body>
    <rapi-doc spec-url="/api/v1/openapi.json" render-style="focused" theme="light" primary-color="#0b6e6e"
      load-fonts="false" regular-font="system-ui, sans-serif" mono-font="ui-monospace, monospace"
      show-header="false" allow-server-selection="false" schema-style="table" sort-endpoints-by="none"
      persist-auth="false"></rapi-doc>
  </body>
</html>
`;

/** The browsable documentation: one page and one script, both from here; nothing is loaded from elsewhere. */
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
  router.get('/rapidoc.js', (_request, response) => {
    response.sendFile(SCRIPT, { maxAge: '1d' });
  });
  return router;
}
