export { amountsOf, claimOf, settlementOf } from './charge';
export { afterTaking, fitsQuota, limitName, quotaStateOf } from './left';
export { periodEndMs, periodStartMs } from './period';
export * from './types';
