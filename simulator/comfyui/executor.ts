/**
 * Runs one prompt node by node: what is cached is skipped, loaders and samplers take the GPU model's time and
 * memory, and every event goes out in ComfyUI's order. Interrupts act at node boundaries and sampler steps only.
 */
import { noiseFactor } from '../gpu';
import { OutOfMemory } from './device';
import { Interrupted, NodeFailure, executionError, outOfMemoryFailure } from './failures';
import type { OomFaultPhase } from './faults';
import type { EndedPrompt, NodeUi, StatusMessage } from './history';
import { isDecoder, isSampler, isTextEncoder, stagesOf, upstreamSampler } from './graph-stages';
import type { NodeStage } from './graph-stages';
import { executionOrder } from './execution-order';
import { signaturesOf } from './node-cache';
import { shownBy } from './node-outputs';
import type { Pace } from './pace';
import type { ComfyProcess } from './process';
import { Progress } from './progress';
import type { QueuedPrompt } from './prompt-queue';
import { imageType } from './tiny-images';

export class PromptRun {
	private readonly messages: StatusMessage[] = [];
	private readonly outputs: Record<string, NodeUi> = {};
	private readonly executed: string[] = [];
	private readonly progress: Progress;
	private readonly clientId: string | null;
	private readonly stages: NodeStage[];
	private readonly noise: number;
	private signatures = new Map<string, string>();
	/** For a client that connects late. */
	currentNode: string | null = null;

	constructor(
		private readonly process: ComfyProcess,
		private readonly prompt: QueuedPrompt,
		private readonly pace: Pace,
	) {
		const clientId = prompt.extraData['client_id'];
		this.clientId = clientId === undefined || clientId === null ? null : String(clientId);
		this.progress = new Progress(prompt.promptId);
		this.stages = stagesOf(prompt.graph, (file, loras) => process.modelFor(file, loras));
		this.noise = noiseFactor(process.device.gpu.profile.noise, process.random);
	}

	async run(): Promise<EndedPrompt> {
		const { graph, outputs, promptId } = this.prompt;
		const { cache, device, disk } = this.process;
		this.pace.start();
		this.message('execution_start', {});
		const order = executionOrder(graph, outputs, (id) => this.process.isOutput(graph, id));
		this.signatures = signaturesOf(graph, order, (file) => disk.digest(file));
		cache.keepOnly(this.signatures.values());
		device.beginJob(this.stages.map((stage) => stage.stage.modelName));
		const cached = order.filter((nodeId) => cache.has(this.signature(nodeId)));
		this.message('execution_cached', { nodes: cached });
		const needed = this.uncached(order);
		if (needed.every((nodeId) => cached.includes(nodeId)))
			this.process.events.append({ type: 'cached', promptId });
		let completed = false;
		let nodeId = '';
		try {
			for (nodeId of needed) await this.runNode(nodeId);
			this.message('execution_success', {});
			device.endJob(false);
			completed = true;
		} catch (error) {
			this.fail(nodeId, error);
		}
		return { prompt: this.prompt, outputs: this.outputs, completed, messages: this.messages };
	}

	/** Outputs, and what they need that is not cached, in order. A cached node hides what is behind it. */
	private uncached(order: string[]): string[] {
		const { graph, outputs } = this.prompt;
		const needed = new Set<string>(outputs);
		for (const nodeId of [...order].reverse()) {
			if (!needed.has(nodeId) || this.process.cache.has(this.signature(nodeId))) continue;
			for (const value of Object.values(graph[nodeId]?.inputs ?? {})) {
				if (!Array.isArray(value)) continue;
				const source = String(value[0]);
				if (!this.process.cache.has(this.signature(source))) needed.add(source);
			}
		}
		return order.filter((nodeId) => needed.has(nodeId));
	}

	private async runNode(nodeId: string): Promise<void> {
		const signature = this.signature(nodeId);
		if (this.process.cache.has(signature)) {
			this.showCached(nodeId, this.process.cache.uiOf(signature));
			return;
		}
		this.currentNode = nodeId;
		this.progress.start(nodeId);
		this.sendProgressState();
		if (this.clientId !== null) {
			this.toClient('executing', { node: nodeId, display_node: nodeId });
		}
		this.checkInterrupt();
		const failure = this.process.faults.takeFailure();
		if (failure) throw new NodeFailure(failure.exceptionType, failure.message);
		const ui = await this.execute(nodeId);
		if (ui) this.show(nodeId, ui);
		this.process.cache.set(signature, ui);
		this.executed.push(nodeId);
		this.progress.finish(nodeId);
		this.sendProgressState();
	}

	/** 0.8 adds a cached output to the history only for prompts with a client id; 0.3 always does. */
	private showCached(nodeId: string, ui: NodeUi | null): void {
		if (ui && (this.clientId !== null || this.process.version === '0.3.64')) this.show(nodeId, ui);
		this.progress.finish(nodeId);
		this.sendProgressState();
	}

	private show(nodeId: string, ui: NodeUi): void {
		this.outputs[nodeId] = ui;
		if (this.clientId === null) return;
		this.toClient('executed', { node: nodeId, display_node: nodeId, output: ui });
	}

	/** Takes the node's time; returns its saved images, or null where it saves none. */
	private async execute(nodeId: string): Promise<NodeUi | null> {
		const node = this.prompt.graph[nodeId];
		if (!node) throw new NodeFailure('KeyError', `'${nodeId}'`);
		const classType = node.class_type;
		const test = this.process.options.testNodes?.[classType];
		if (test)
			return this.runTestNode(nodeId, Number(node.inputs[test.secondsInput]), test.progressSteps);
		if (isSampler(classType)) return this.runSampler(nodeId);
		if (classType.startsWith('LoadImage')) return this.loadImage(String(node.inputs['image']));
		if (isTextEncoder(classType)) return this.encode();
		if (isDecoder(classType)) return this.decode(nodeId);
		const loaded = this.stages.find((stage) => stage.loaderNodeId === nodeId);
		if (loaded) return this.load(loaded);
		return shownBy(this.process, this.prompt, nodeId);
	}

	private async load({ stage }: NodeStage): Promise<null> {
		this.process.device.forget(stage.modelName);
		await this.pace.wait(this.process.device.plan(stage, this.noise).loadSeconds);
		this.process.device.markLoaded(stage.modelName);
		this.logLoad(stage.modelName, true);
		return null;
	}

	private async runSampler(nodeId: string): Promise<null> {
		const found = this.stages.find((stage) => stage.samplerNodeId === nodeId);
		const classType = this.prompt.graph[nodeId]?.class_type ?? '';
		if (!found) return this.runTestNode(nodeId, 1, 1);
		const { device } = this.process;
		const { stage } = found;
		this.checkOomFault('load', classType, stage.modelName);
		const plan = device.plan(stage, this.noise);
		// The loader node has paid for reading the file; what is left is a copy that /free or an OOM took away.
		const justLoaded = this.executed.includes(found.loaderNodeId ?? '');
		if (plan.temperature !== 'warm' && !justLoaded) {
			await this.pace.wait(plan.loadSeconds);
			this.logLoad(stage.modelName, false);
		}
		device.occupy(plan);
		for (let step = 1; step <= stage.steps; step += 1) {
			await this.pace.wait(plan.stepSeconds);
			this.checkInterrupt();
			this.checkOomFault('sampling', classType, stage.modelName);
			this.step(nodeId, step, stage.steps);
		}
		device.release();
		return null;
	}

	private logLoad(modelName: string, cold: boolean): void {
		const { promptId } = this.prompt;
		this.process.events.append({ type: 'model_loaded', promptId, modelName, cold });
	}

	private async encode(): Promise<null> {
		const graph = Object.values(this.prompt.graph);
		const encoders = graph.filter((node) => isTextEncoder(node.class_type)).length;
		const first = this.stages[0];
		if (!first) return null;
		const { encodeSeconds } = this.process.device.plan(first.stage, this.noise);
		await this.pace.wait(encodeSeconds / encoders);
		return null;
	}

	private async decode(nodeId: string): Promise<null> {
		const samplerId = upstreamSampler(this.prompt.graph, nodeId);
		const found = this.stages.find((stage) => stage.samplerNodeId === samplerId);
		const classType = this.prompt.graph[nodeId]?.class_type ?? '';
		this.checkOomFault('decode', classType, found?.stage.modelName ?? null);
		if (found)
			await this.pace.wait(this.process.device.plan(found.stage, this.noise).decodeSeconds);
		return null;
	}

	private loadImage(value: string): null {
		const bytes = this.process.disk.readAnnotated(value);
		if (bytes && imageType(bytes)) return null;
		const path = `/srv/comfyui/input/${value}`;
		throw bytes
			? new NodeFailure('PIL.UnidentifiedImageError', `cannot identify image file '${path}'\n`)
			: new NodeFailure('FileNotFoundError', `[Errno 2] No such file or directory: '${path}'\n`);
	}

	private async runTestNode(nodeId: string, seconds: number, steps: number): Promise<null> {
		for (let step = 1; step <= steps; step += 1) {
			await this.pace.wait(seconds / steps);
			this.checkInterrupt();
			this.step(nodeId, step, steps);
		}
		if (steps === 0) await this.pace.wait(seconds);
		return null;
	}

	private step(nodeId: string, value: number, max: number): void {
		const { sockets } = this.process;
		this.progress.step(nodeId, value, max);
		this.sendProgressState();
		const previews = ['auto', 'latent2rgb', 'taesd'].includes(
			String(this.prompt.extraData['preview_method']),
		);
		const withMetadata = sockets.hasPreviewMetadata(this.clientId);
		const image = (): void => sockets.sendPreview(this.progress.identity(nodeId), this.clientId);
		if (previews && withMetadata) image();
		sockets.send(
			'progress',
			{ value, max, prompt_id: this.prompt.promptId, node: nodeId },
			this.clientId,
		);
		if (previews && !withMetadata) image();
	}

	private fail(nodeId: string, error: unknown): void {
		const { promptId, graph } = this.prompt;
		const { device, events } = this.process;
		if (error instanceof Interrupted) {
			const node_type = graph[nodeId]?.class_type ?? '';
			const data = { node_id: nodeId, node_type, executed: this.executed };
			this.message('execution_interrupted', data, true);
			device.endJob(false);
			return;
		}
		const outOfMemory = error instanceof OutOfMemory;
		if (!outOfMemory && !(error instanceof NodeFailure)) throw error;
		const failure = outOfMemory ? outOfMemoryFailure(device, error) : error;
		if (outOfMemory) {
			events.append({ type: 'oom', promptId, phase: error.phase, neededBytes: error.neededBytes });
		}
		this.message('execution_error', executionError(graph, nodeId, this.executed, failure));
		device.endJob(outOfMemory);
	}

	private checkInterrupt(): void {
		if (this.process.takeInterrupt()) throw new Interrupted();
	}

	private checkOomFault(phase: OomFaultPhase, classType: string, modelName: string | null): void {
		if (!this.process.faults.takeOom(phase, classType, modelName)) return;
		throw new OutOfMemory(phase, this.process.device.freeBytes() + 1);
	}

	/** Kept in the history, and sent to the prompt's client (to all when `broadcast` and nobody in particular). */
	private message(event: string, data: Record<string, unknown>, broadcast = false): void {
		const full = { prompt_id: this.prompt.promptId, ...data, timestamp: Date.now() };
		this.messages.push([event, full]);
		if (this.clientId !== null || broadcast) this.process.sockets.send(event, full, this.clientId);
	}

	private toClient(event: string, data: Record<string, unknown>): void {
		this.process.sockets.send(event, { ...data, prompt_id: this.prompt.promptId }, this.clientId);
	}

	private sendProgressState(): void {
		this.process.sockets.send('progress_state', this.progress.frame(), this.clientId);
	}

	private signature(nodeId: string): string {
		return this.signatures.get(nodeId) ?? nodeId;
	}
}
