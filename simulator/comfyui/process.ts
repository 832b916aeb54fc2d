/** One life of the ComfyUI process: queue, history, cache, device and the worker loop. A restart makes a new one. */
import { type Gpu, type Random, type SimulatedFile, type SimulatedModel } from '../gpu';
import type { ApiGraph } from '../../lib/workflow/graph';
import type { GpuDevice } from './device';
import type { Disk } from './disk';
import type { EventLog } from './events';
import { PromptRun } from './executor';
import type { Faults } from './faults';
import { History } from './history';
import { NodeCache } from './node-cache';
import { type NodeDefinition, type NodeDefinitions, nodeDefinitions } from './node-definitions';
import type { ComfyUiVersion, StandInOptions } from './options';
import { Pace } from './pace';
import { PromptQueue, type QueuedPrompt } from './prompt-queue';
import { SocketHub } from './sockets';

/** What outlives the process: the machine it runs on. */
export interface Machine {
	options: StandInOptions;
	version: ComfyUiVersion;
	gpu: Gpu;
	device: GpuDevice;
	disk: Disk;
	files: SimulatedFile[];
	events: EventLog;
	faults: Faults;
	random: Random;
	/** Names the model a graph's loader file belongs to. */
	modelFor(file: string, loras: string[]): SimulatedModel | null;
}

export class ComfyProcess {
	readonly queue = new PromptQueue();
	readonly history = new History();
	readonly cache = new NodeCache();
	readonly sockets: SocketHub;
	/** Next default `number`. */
	counter = 0;
	private readonly killed = new AbortController();
	private interruptRequested = false;
	private freeFlags = { unloadModels: false, freeMemory: false };
	private run: PromptRun | null = null;
	private readonly outputClasses: ReadonlySet<string>;
	private working = false;

	constructor(readonly machine: Machine) {
		const outputs = [...this.definitions()].filter(([, definition]) => definition.output_node);
		this.outputClasses = new Set(outputs.map(([name]) => name));
		this.sockets = new SocketHub({
			queueRemaining: () => this.queue.remaining,
			features: () => this.features(),
			runningNodeFor: (clientId) =>
				this.queue.running?.extraData['client_id'] === clientId
					? (this.run?.currentNode ?? null)
					: null,
		});
	}

	get options(): StandInOptions {
		return this.machine.options;
	}

	get version(): ComfyUiVersion {
		return this.machine.version;
	}

	get device(): GpuDevice {
		return this.machine.device;
	}

	get disk(): Disk {
		return this.machine.disk;
	}

	get events(): EventLog {
		return this.machine.events;
	}

	get faults(): Faults {
		return this.machine.faults;
	}

	get random(): Random {
		return this.machine.random;
	}

	modelFor(file: string, loras: string[]): SimulatedModel | null {
		return this.machine.modelFor(file, loras);
	}

	filesIn(folder: string): SimulatedFile[] {
		return this.machine.files.filter((file) => file.folder === folder);
	}

	definitions(): NodeDefinitions {
		const extra: Record<string, NodeDefinition> = {};
		for (const [name, test] of Object.entries(this.options.testNodes ?? {}))
			extra[name] = test.definition;
		return nodeDefinitions(
			(folder) =>
				this.filesIn(folder)
					.map((file) => file.name)
					.sort(),
			() => this.disk.inputImages(),
			extra,
			this.version,
		);
	}

	/** Whether the node's class ends a graph (SaveImage, PreviewImage). */
	isOutput(graph: ApiGraph, nodeId: string): boolean {
		return this.outputClasses.has(graph[nodeId]?.class_type ?? '');
	}

	features(): Record<string, unknown> {
		const base = { supports_preview_metadata: true, max_upload_size: this.options.maxBodyBytes };
		return this.version === '0.3.64'
			? base
			: { ...base, extension: { manager: { supports_v4: true } } };
	}

	/** @throws IncomparablePrompts; the prompt is queued all the same */
	submit(prompt: QueuedPrompt): void {
		const { promptId, extraData } = prompt;
		this.events.append({ type: 'submitted', promptId, extraData });
		try {
			this.queue.push(prompt);
		} finally {
			this.sockets.broadcastStatus();
			this.wake();
		}
	}

	interrupt(): void {
		this.interruptRequested = true;
	}

	takeInterrupt(): boolean {
		const requested = this.interruptRequested;
		this.interruptRequested = false;
		return requested;
	}

	/** Acts between jobs; at once when idle. */
	free(flags: { unloadModels: boolean; freeMemory: boolean }): void {
		this.events.append({ type: 'free', ...flags });
		this.freeFlags.unloadModels ||= flags.unloadModels;
		this.freeFlags.freeMemory ||= flags.freeMemory;
		if (!this.queue.running) this.applyFree();
	}

	deletePending(promptId: string): void {
		if (!this.queue.delete(promptId)) return;
		this.events.append({ type: 'deleted', promptId });
		this.sockets.broadcastStatus();
	}

	clearPending(): void {
		for (const { promptId } of this.queue.clear())
			this.events.append({ type: 'deleted', promptId });
		this.sockets.broadcastStatus();
	}

	/** The process dies: whatever runs is lost without a trace. */
	kill(): void {
		this.killed.abort();
		this.sockets.dropAll();
		this.device.reset();
	}

	private wake(): void {
		if (this.working) return;
		this.working = true;
		// In its own turn: the answer to POST /prompt is on its way before the job starts.
		setImmediate(() => void this.work());
	}

	private async work(): Promise<void> {
		try {
			for (let next = this.take(); next; next = this.take()) await this.execute(next);
		} catch (error) {
			if (!this.killed.signal.aborted) throw error;
		} finally {
			this.working = false;
		}
	}

	private take(): QueuedPrompt | null {
		if (this.killed.signal.aborted) return null;
		const next = this.queue.pop();
		this.queue.running = next;
		if (next) this.sockets.broadcastStatus();
		return next;
	}

	private async execute(prompt: QueuedPrompt): Promise<void> {
		const { promptId } = prompt;
		this.interruptRequested = false;
		this.events.append({ type: 'started', promptId });
		this.run = new PromptRun(this, prompt, new Pace(this.options.speedUp ?? 1, this.killed.signal));
		const ended = await this.run.run();
		if (this.killed.signal.aborted) return;
		this.run = null;
		this.queue.running = null;
		this.history.add(ended);
		const last = ended.messages.at(-1)?.[0];
		const type = ended.completed
			? 'finished'
			: last === 'execution_interrupted'
				? 'interrupted'
				: 'failed';
		this.events.append({ type, promptId });
		this.sockets.broadcastStatus();
		const clientId = prompt.extraData['client_id'];
		if (clientId !== undefined && clientId !== null) {
			this.sockets.send('executing', { node: null, prompt_id: promptId }, String(clientId));
		}
		this.applyFree();
	}

	private applyFree(): void {
		const flags = this.freeFlags;
		this.freeFlags = { unloadModels: false, freeMemory: false };
		if (flags.freeMemory) this.cache.clear();
		this.device.free(flags);
	}
}
