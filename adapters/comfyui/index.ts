/** What the rest of the package uses of the ComfyUI adapter. Re-exports only. */
export { ComfyUiClient } from './client';
export type { ComfyUiAuthentication, ComfyUiClientOptions, ComfyUiTls } from './options';
export { type NoiseNames, readNoiseNames } from './noise-names';
