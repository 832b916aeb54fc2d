/** Starts a stand-in and hands out the handle that tests and `npm start` hold. */
import {
	type MemoryReading,
	type SimulatedFile,
	type SimulatedModel,
	foreignModel,
	gpuProfile,
	modelsByName,
	seededRandom,
} from '../gpu';
import { GpuDevice } from './device';
import { Disk } from './disk';
import { EventLog } from './events';
import { Faults } from './faults';
import { DEFAULT_MAX_BODY_BYTES, type StandInOptions } from './options';
import type { Machine } from './process';
import { StandInServer } from './server';

/** What can be seen of the GPU, and done to it from outside of ComfyUI. */
export interface StandInGpu {
	reading(): MemoryReading;
	residentModels(): string[];
	/** Another process on the device; returns what it got (never more than is free). 0 gives all back. */
	setCoTenantBytes(bytes: number): number;
}

export interface StandIn {
	/** `http://host:port`, without a slash at the end. */
	readonly url: string;
	readonly port: number;
	readonly events: EventLog;
	readonly faults: Faults;
	readonly gpu: StandInGpu;
	/** Files in the input, output and temp folders. */
	readonly disk: Disk;
	/** `kill` and `listen` at once: same port, empty queue and history, nothing in VRAM. */
	restart(): Promise<void>;
	/** The process dies; the port refuses until `listen`. */
	kill(): Promise<void>;
	listen(): Promise<void>;
	close(): Promise<void>;
}

/**
 * @returns once it listens
 * @throws Error EADDRINUSE when the port is taken
 */
export async function startComfyUiStandIn(options: StandInOptions = {}): Promise<StandIn> {
	const { machine, server } = build(options);
	await server.listen();
	return {
		get url() {
			return `http://${server.address.host}:${server.address.port}`;
		},
		get port() {
			return server.address.port;
		},
		events: machine.events,
		faults: machine.faults,
		disk: machine.disk,
		gpu: {
			reading: () => machine.device.reading(),
			residentModels: () => machine.device.residentModels,
			setCoTenantBytes: (bytes) => machine.device.setCoTenantBytes(bytes),
		},
		restart: async () => {
			await server.kill();
			await server.listen();
		},
		kill: () => server.kill(),
		listen: () => server.listen(),
		close: async () => {
			machine.faults.clear();
			await server.kill();
		},
	};
}

function build(options: StandInOptions): { machine: Machine; server: StandInServer } {
	const models = options.models ?? [];
	const files = options.installed ?? uniqueFiles(models.flatMap((model) => model.files));
	const known = [...models, ...foreignModels(models, files)];
	const gpu = { profile: gpuProfile(options.gpu), models: modelsByName(known) };
	const events = new EventLog();
	const holder: { server: StandInServer | null } = { server: null };
	const machine: Machine = {
		options: { ...options, maxBodyBytes: options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES },
		version: options.version ?? '0.8.0',
		gpu,
		device: new GpuDevice(gpu, events, options.sharedGpu),
		disk: new Disk(),
		files,
		events,
		faults: new Faults(() => holder.server?.process.sockets.dropAll()),
		random: seededRandom(options.seed ?? 1),
		modelFor: (file, loras) => modelOfFile(known, file, loras),
	};
	const server = new StandInServer(machine);
	holder.server = server;
	return { machine, server };
}

/** Where several models share a file, the one whose presets use these LoRAs; else the first. */
function modelOfFile(
	models: SimulatedModel[],
	file: string,
	loras: string[],
): SimulatedModel | null {
	const candidates = models.filter((model) => mainFiles(model).includes(file));
	const withLoras = candidates.find((model) =>
		model.timings.some((timing) => timing.loras.join() === loras.join()),
	);
	return withLoras ?? candidates[0] ?? null;
}

function mainFiles(model: SimulatedModel): string[] {
	return model.files.filter(isMain).map((file) => file.name);
}

function isMain(file: SimulatedFile): boolean {
	return file.folder === 'checkpoints' || file.folder === 'diffusion_models';
}

function foreignModels(models: SimulatedModel[], files: SimulatedFile[]): SimulatedModel[] {
	const taken = new Set(models.flatMap(mainFiles));
	return files.filter((file) => isMain(file) && !taken.has(file.name)).map(foreignModel);
}

function uniqueFiles(files: SimulatedFile[]): SimulatedFile[] {
	const byPath = new Map(files.map((file) => [`${file.folder}/${file.name}`, file]));
	return [...byPath.values()];
}
