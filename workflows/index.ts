export { connectionTest } from './connection-test.js';
export { crawl } from './crawl.js';
export { databaseListing } from './database-listing.js';
export { deleteCrawler } from './delete-crawler.js';
export { drainSearchOutbox } from './drain-search-outbox.js';
export { heldRemovals } from './held-removals.js';
export { narrowScope } from './narrow-scope.js';
export { scheduledCrawl } from './scheduled-crawl.js';
