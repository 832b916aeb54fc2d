/** The edges for programs of your own (`n8n-nodes-comfyui-router/adapters`). Re-exports only. */
export { ComfyUiClient } from './comfyui';
export { PostgresReservations } from './postgres/reservations';
export { createPostgresStore, type PostgresStore } from './postgres/store';
export { systemClock } from './system-clock';
export { systemRandom } from './system-random';
