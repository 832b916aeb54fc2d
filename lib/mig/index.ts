/** Multi-Instance GPU: slices recognised, priced and planned. Re-exports only. */
export { deviceDefaults, priceShare } from './device-defaults';
export { findMigGpu, MIG_GPUS, type MigGpu, type MigProfile } from './gpus';
export { fullPartitions, type Partition, partitionName, placeProfiles } from './partitions';
export { migSliceOf, type MigSlice } from './slice';
