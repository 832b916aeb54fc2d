/** Catalog sync. Re-exports only. */
export { planSync } from './plan';
export { describeChange, describePlan } from './report';
export type { InstalledFile, Inventory, SyncChange, SyncPlan } from './types';
