/** The simulator: a pure GPU model and a ComfyUI stand-in over real HTTP and WebSocket built on it. */
export * from './gpu';
export * from './comfyui';
