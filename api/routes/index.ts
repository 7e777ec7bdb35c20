import type { Route } from '../route.js';
import { accessRoutes } from './access.js';
import { aiRoutes } from './ai.js';
import { annotationRoutes } from './annotations.js';
import { apiDocumentRoutes } from './api-documents.js';
import { assetRoutes } from './assets.js';
import { collectionItemRoutes } from './collection-items.js';
import { collectionPeopleRoutes } from './collection-people.js';
import { collectionSectionRoutes } from './collection-sections.js';
import { collectionRoutes } from './collections.js';
import { connectionTestRoutes } from './connection-tests.js';
import { crawlerRunRoutes } from './crawler-runs.js';
import { crawlerRoutes } from './crawlers.js';
import { dataSourceRoutes } from './data-sources.js';
import { ddlRoutes } from './ddl.js';
import { diagnosisRoutes } from './diagnosis.js';
import { entityRoutes } from './entities.js';
import { eventRoutes } from './events.js';
import { favouriteRoutes } from './favourites.js';
import { heldRemovalRoutes } from './held-removals.js';
import { impactRoutes } from './impact.js';
import { lineageRoutes } from './lineage.js';
import { lineageEventRoutes } from './lineage-events.js';
import { lineageJobRoutes } from './lineage-jobs.js';
import { lineageNamespaceRoutes } from './lineage-namespaces.js';
import { memberRoutes } from './members.js';
import { openLineageReceiverRoutes } from './openlineage-receiver.js';
import { operationRoutes } from './operations.js';
import { personRoutes } from './people.js';
import { planRoutes } from './plans.js';
import { previewRoutes } from './previews.js';
import { refreshRoutes } from './refreshes.js';
import { resourceGroupRoutes } from './resource-groups.js';
import { revertRoutes } from './reverts.js';
import { runChangeRoutes } from './run-changes.js';
import { runRoutes } from './runs.js';
import { savedSearchRoutes } from './saved-searches.js';
import { searchRoutes } from './search.js';
import { searchExportRoutes } from './search-export.js';
import { sessionRoutes } from './session.js';
import { sourceDatabaseRoutes } from './source-databases.js';
import { sourceTypeRoutes } from './source-types.js';
import { suggestionRoutes } from './suggestions.js';
import { tableRoutes } from './tables.js';
import { tagRoutes } from './tags.js';
import { tokenRoutes } from './tokens.js';
import { unreadStatementRoutes } from './unread-statements.js';
import { usageRoutes } from './usage.js';
import { webhookRoutes } from './webhooks.js';
import { workspaceRoutes } from './workspaces.js';

/** Every route there is, in the order of the documentation. */
export function allRoutes(): Route[] {
  return [
    ...sessionRoutes(),
    ...tokenRoutes,
    ...personRoutes,
    ...workspaceRoutes,
    ...memberRoutes,
    ...resourceGroupRoutes,
    ...sourceTypeRoutes,
    ...dataSourceRoutes,
    ...connectionTestRoutes,
    ...sourceDatabaseRoutes,
    ...crawlerRoutes,
    ...crawlerRunRoutes,
    ...operationRoutes,
    ...runRoutes,
    ...runChangeRoutes,
    ...planRoutes,
    ...revertRoutes,
    ...heldRemovalRoutes,
    ...webhookRoutes,
    ...openLineageReceiverRoutes,
    ...eventRoutes,
    ...entityRoutes,
    ...accessRoutes,
    ...tableRoutes,
    ...ddlRoutes,
    ...lineageRoutes,
    ...usageRoutes,
    ...unreadStatementRoutes,
    ...lineageEventRoutes,
    ...lineageNamespaceRoutes,
    ...lineageJobRoutes,
    ...assetRoutes,
    ...apiDocumentRoutes,
    ...impactRoutes,
    ...annotationRoutes,
    ...tagRoutes,
    ...suggestionRoutes,
    ...aiRoutes,
    ...favouriteRoutes,
    ...previewRoutes,
    ...refreshRoutes,
    ...diagnosisRoutes,
    ...searchRoutes,
    ...searchExportRoutes,
    ...savedSearchRoutes,
    ...collectionRoutes,
    ...collectionPeopleRoutes,
    ...collectionSectionRoutes,
    ...collectionItemRoutes,
  ];
}
