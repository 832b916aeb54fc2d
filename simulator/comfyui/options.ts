/** What a stand-in can be told. Owns the options and their defaults. */
import type { GpuProfile, SimulatedFile, SimulatedModel } from '../gpu';
import type { SharedGpu } from './device';
import type { NodeDefinition } from './node-definitions';

export type ComfyUiVersion = '0.8.0' | '0.3.64';

/** As a reverse proxy in front of ComfyUI would ask for. */
export type RequiredAuth =
	| { type: 'bearer'; token: string }
	| { type: 'basic'; username: string; password: string }
	| { type: 'header'; name: string; value: string };

/** A node class that only takes time, for tests. */
export interface TestNode {
	definition: NodeDefinition;
	/** Input that says how many seconds it takes. */
	secondsInput: string;
	/** Progress events it sends. */
	progressSteps: number;
}

export interface StandInOptions {
	/** 0 (default) = any free port. */
	port?: number;
	/** Default 127.0.0.1. */
	host?: string;
	version?: ComfyUiVersion;
	gpu?: Partial<GpuProfile>;
	/** The same object in several stand-ins puts them on one physical GPU (give them the same `gpu`). */
	sharedGpu?: SharedGpu;
	/** `cpu` and `mps` report system RAM as ComfyUI does. Default `cuda`. */
	deviceType?: 'cuda' | 'cpu' | 'mps';
	/** The models it can run. Files it has beyond these are run as foreign models. */
	models?: SimulatedModel[];
	/** Installed files. Default: those of `models`. */
	installed?: SimulatedFile[];
	/** Simulated seconds per real second. Default 1. Stamps stay real. */
	speedUp?: number;
	/** Seed of run-time noise and of prompt ids. */
	seed?: number;
	/** Least size of a saved image, bytes. */
	imageBytes?: number;
	/** `--max-upload-size`, bytes. Default 100 MiB. */
	maxBodyBytes?: number;
	auth?: RequiredAuth;
	/** Refuse foreign Origins on loopback, as ComfyUI does without `--enable-cors-header`. Default true. */
	checkOrigin?: boolean;
	testNodes?: Record<string, TestNode>;
}

export const DEFAULT_MAX_BODY_BYTES = 100 * 1024 * 1024;
