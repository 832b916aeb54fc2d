/** The use cases for programs of your own (`n8n-nodes-comfyui-router/service`). Re-exports only. */
export * from './generate';
export { collectVram } from './monitor';
export { readFleet } from './fleet';
export { ReservationsOrAlone } from './reservations-or-alone';
