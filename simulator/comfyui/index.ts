/** The ComfyUI stand-in. */
export { SharedGpu } from './device';
export { EventLog, type StandInEvent } from './events';
export { type FailureFault, Faults, type OomFaultPhase, type ResponseFault } from './faults';
export type { ComfyUiVersion, RequiredAuth, StandInOptions, TestNode } from './options';
export type { NodeDefinition } from './node-definitions';
export { type StandIn, type StandInGpu, startComfyUiStandIn } from './stand-in';
export { encodePng, type PngOptions } from './png';
