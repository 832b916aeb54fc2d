/** Prometheus: metrics of the VRAM monitor and the endpoint that scrapers read. Re-exports only. */
export { type Endpoint, type ListenAddress, openEndpoint } from './endpoint';
export { VramMetrics } from './vram-metrics';
