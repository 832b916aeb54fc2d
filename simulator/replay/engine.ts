/**
 * Discrete-event replay of a trace on a fleet. Owns time, queues and what really happens; decides nothing:
 * every choice is the policy's. Pure: the same input gives the same result.
 */
import { CandidateTable } from './candidates';
import { DemandMeter } from './demand';
import { Learner } from './learner';
import { seededRandom, mixSeed } from './random';
import { Ledger } from './ledger';
import { resultOf } from './result';
import {
	type OwnRun,
	type QueuedRun,
	type RunningRun,
	SimServer,
	foreignRunning,
	loadingRunning,
	linkSiblings,
	setupServers,
} from './server';
import { type ReplayEvent, Timeline } from './timeline';
import { PAGING_SLOWDOWN, TrueFigures } from './truth';
import type { FleetView, PendingJob, Placement, Policy, ReplayInput, ReplayResult } from './types';
import { BelievedFigures, fleetView } from './view';

/** Sampling begins after the load and this share of the run (text encoding): the time an OOM costs. */
const OOM_RUN_SHARE = 0.05;
/** A job may run out of memory this often; it is retried in between. */
const MAX_OOMS = 2;
/** A late-binding policy that leaves a server idle while jobs wait is asked again after this. */
const WAKE_SECONDS = 2;
/** It may do so this often in a row with nothing else to come; then the jobs are given up. */
const MAX_IDLE_WAKES = 1800;
/** The fleet is looked after so often, as by a schedule beside the jobs. */
const TEND_SECONDS = 60;

export function replay(input: ReplayInput): ReplayResult {
	return new Replay(input).run();
}

class Replay {
	readonly #timeline: Timeline;
	readonly #servers: SimServer[];
	readonly #candidates: CandidateTable;
	readonly #truth: TrueFigures;
	readonly #speeds: number[];
	readonly #learner = new Learner();
	readonly #demand = new DemandMeter();
	readonly #policy: Policy;
	readonly #ledger: Ledger;
	#now = 0;
	#tokens = 0;
	#decisions = 0;
	#idleWakes = 0;
	#wakeAt = Infinity;
	#waiting: PendingJob[] = [];
	/** Could not be placed while the fleet was impaired; asked again when it changes. */
	#stranded: PendingJob[] = [];

	constructor(readonly input: ReplayInput) {
		const servers = setupServers(input.catalog, input.fleet.servers);
		this.#servers = servers.map(({ setup, server }) => new SimServer(setup, server));
		linkSiblings(this.#servers);
		this.#speeds = servers.map(({ setup }) => setup.speedFactor);
		this.#candidates = new CandidateTable(input.catalog);
		this.#truth = new TrueFigures(input.truth, this.#speeds, input.trace.length, input.seed);
		this.#ledger = new Ledger(input.trace.length);
		this.#policy = input.policy.create({
			catalog: input.catalog,
			serverCount: servers.length,
			fleetSpeed: this.#speeds.reduce((a, b) => a + b, 0),
			random: seededRandom(mixSeed(input.seed, 0x706f6c)),
		});
		this.#timeline = new Timeline(input, this.#servers);
		if (this.#policy.tend) this.#tendLater();
	}

	run(): ReplayResult {
		for (const server of this.#servers) this.#startNext(server);
		while (!this.#timeline.isEmpty) {
			this.#now = this.#timeline.nextSeconds;
			while (this.#timeline.nextSeconds === this.#now) this.#handle(this.#timeline.take());
			this.#dispatch();
			if (this.#ledger.complete) break;
		}
		for (const job of [...this.#waiting, ...this.#stranded]) this.#ledger.refuse(job, this.#now);
		return resultOf(this.input, this.#servers, this.#ledger, this.#decisions);
	}

	#handle(event: ReplayEvent): void {
		switch (event.kind) {
			case 'arrival':
				this.#demand.arrived(event.job, this.#now);
				return this.#submit(event.job);
			case 'end':
				return this.#end(event.server, event.token);
			case 'memory':
				event.server.coTenantBytes += event.bytes;
				return event.bytes < 0 ? this.#resubmitStranded() : undefined;
			case 'down':
				return this.#down(event.server);
			case 'up':
				event.server.up = true;
				this.#startNext(event.server);
				return this.#resubmitStranded();
			case 'tend':
				return this.#tend();
			case 'wake':
				this.#wakeAt = Infinity;
		}
	}

	#view(): FleetView {
		const knowsTruth = this.input.policy.knows === 'truth';
		const learned = this.input.calibration === false ? [] : this.#learner.entries();
		// the baselines do what their models do: they know the catalog's figures, only the router learns
		const entries = this.input.policy.learns ? learned : [];
		return fleetView({
			nowSeconds: this.#now,
			servers: this.#servers,
			figures: knowsTruth ? this.#truth : new BelievedFigures(this.#speeds, entries),
			candidates: this.#candidates,
			demand: this.#demand,
			calibration: entries,
		});
	}

	#submit(job: PendingJob): void {
		if (this.#policy.kind === 'late') {
			this.#waiting.push(job);
			return;
		}
		if (!this.#servers.some((server) => server.up)) {
			this.#stranded.push(job);
			return;
		}
		this.#decisions++;
		const placement = this.#policy.decide(job, this.#view());
		if (placement) this.#place(job, placement);
		else this.#refuse(job);
	}

	/** Final on a whole fleet; while servers are down or robbed of memory, every caller would try again later. */
	#refuse(job: PendingJob): void {
		if (!this.#servers.some((server) => !server.up || server.coTenantBytes > 0)) {
			this.#ledger.refuse(job, this.#now);
		} else if (this.#policy.kind === 'late') this.#waiting.push(job);
		else this.#stranded.push(job);
	}

	#resubmitStranded(): void {
		this.#stranded.splice(0).forEach((job) => this.#submit(job));
	}

	#place(job: PendingJob, { candidate, serverIndex, queueNumber }: Placement): void {
		const server = this.#servers[serverIndex];
		if (!server?.up)
			throw new RangeError(`Policy ${this.input.policy.name} chose a server that is down.`);
		server.enqueue(job, candidate, queueNumber);
		if (!server.running) this.#startNext(server);
	}

	#dispatch(): void {
		if (this.#policy.kind !== 'late' || this.#waiting.length === 0) return;
		if (!this.#servers.some((server) => server.up)) return;
		this.#decisions++;
		const {
			start,
			refuse = [],
			wakeInSeconds,
		} = this.#policy.dispatch(this.#waiting, this.#view());
		const gone = new Set<PendingJob>([...start.map((entry) => entry.job), ...refuse]);
		this.#waiting = this.#waiting.filter((job) => !gone.has(job));
		for (const { job, placement } of start) this.#place(job, placement);
		for (const job of refuse) this.#refuse(job);
		this.#idleWakes = gone.size > 0 || !this.#timeline.isEmpty ? 0 : this.#idleWakes + 1;
		this.#wakeLater(wakeInSeconds);
	}

	#tendLater(): void {
		const { trace } = this.input;
		const last = trace[trace.length - 1]?.arrivalSeconds ?? 0;
		const at = (Math.floor(this.#now / TEND_SECONDS) + 1) * TEND_SECONDS;
		if (at < last) this.#timeline.add(at, { kind: 'tend' });
	}

	/** Loads what will be wanted. While jobs wait they say themselves what they need. */
	#tend(): void {
		this.#tendLater();
		if (this.#waiting.length > 0) return;
		for (const { modelName, serverIndex } of this.#policy.tend?.(this.#view()) ?? []) {
			const server = this.#servers[serverIndex];
			const load = this.#candidates.loadOf(modelName);
			if (!server?.up || server.jobCount > 0 || load === null) continue;
			server.enqueueLoad(load);
			this.#startNext(server);
		}
	}

	#wakeLater(wakeInSeconds: number | undefined): void {
		if (this.#waiting.length === 0 || this.#idleWakes > MAX_IDLE_WAKES) return;
		const idle = this.#servers.some((server) => server.up && !server.running);
		if (!idle && wakeInSeconds === undefined) return;
		const at = this.#now + Math.max(wakeInSeconds ?? WAKE_SECONDS, 0.01);
		if (at >= this.#wakeAt) return;
		this.#wakeAt = at;
		this.#timeline.add(at, { kind: 'wake' });
	}

	/** Takes the next job of the queue on the device. */
	#startNext(server: SimServer): void {
		if (!server.up || server.running) return;
		const run = server.queue.take();
		if (!run) return;
		const token = ++this.#tokens;
		const running = this.#begin(server, run, token);
		if (running.cold) server.swaps++;
		server.running = running;
		server.heldBytes = running.peakBytes;
		this.#timeline.add(running.endsAtSeconds, { kind: 'end', server, token });
	}

	#begin(server: SimServer, run: QueuedRun, token: number): RunningRun {
		if (run.kind === 'own') return this.#runOf(server, run, token);
		if (run.kind === 'foreign') return foreignRunning(run, this.#now, token);
		const cold = this.#candidates.weightsKeyOf(server.resident) !== run.load.weightsKey;
		const times = this.#truth.loadTimes(run.load, server.setup.index);
		return loadingRunning(run, cold ? times : { ...times, loadSeconds: 0 }, cold, this.#now, token);
	}

	#runOf(server: SimServer, run: OwnRun, token: number): RunningRun {
		const { job, candidate } = run;
		const index = server.setup.index;
		const cold = this.#candidates.weightsKeyOf(server.resident) !== candidate.weightsKey;
		const loadSeconds = cold ? this.#truth.loadSeconds(job, candidate) : 0;
		let runSeconds = this.#truth.runSeconds(job, candidate, index);
		const availableBytes = server.runnableBytes;
		const peakBytes = this.#truth.peakBytes(job, candidate);
		const tooLarge = peakBytes > availableBytes;
		const outOfMemory = tooLarge && !this.input.truth.dynamic_vram;
		if (outOfMemory) runSeconds *= OOM_RUN_SHARE;
		else if (tooLarge) runSeconds *= PAGING_SLOWDOWN;
		const endsAtSeconds = this.#now + loadSeconds + runSeconds;
		return {
			run,
			startedAtSeconds: this.#now,
			loadSeconds,
			runSeconds,
			endsAtSeconds,
			cold,
			outOfMemory,
			peakBytes: Math.min(peakBytes, availableBytes),
			roomBytes: availableBytes,
			// where weights are paged, it ran with what there was
			leastBytes: Math.min(availableBytes, this.#leastPeakBytes(job)),
			token,
		};
	}

	#leastPeakBytes(job: PendingJob): number {
		return this.#candidates
			.of(job)
			.reduce((least, one) => Math.min(least, this.#truth.peakBytes(job, one)), Infinity);
	}

	#end(server: SimServer, token: number): void {
		const running = server.running;
		if (running?.token !== token) return;
		server.running = null;
		const { run } = running;
		if (run.kind === 'foreign') {
			server.hold(run.modelName, running.peakBytes);
			return this.#startNext(server);
		}
		server.busySeconds += this.#now - running.startedAtSeconds;
		if (run.kind === 'prewarm') {
			server.hold(run.load.model.name, this.#truth.weightsBytes(run.load.model));
			return this.#startNext(server);
		}
		this.#observe(server, running, run);
		if (running.outOfMemory) server.hold(null, 0);
		else {
			const { model } = run.candidate;
			server.hold(model.name, Math.min(running.peakBytes, this.#truth.weightsBytes(model)));
		}
		this.#startNext(server);
		if (running.outOfMemory) this.#outOfMemory(server, run);
		else this.#ledger.finish(run, running, server.setup.index, this.#now);
	}

	#observe(server: SimServer, running: RunningRun, { candidate }: OwnRun): void {
		const speed = server.setup.speedFactor;
		this.#learner.observe({
			modelName: candidate.model.name,
			runRatio: running.outOfMemory ? null : (running.runSeconds * speed) / candidate.runSeconds,
			loadRatio:
				running.cold && candidate.loadSeconds > 0
					? running.loadSeconds / candidate.loadSeconds
					: null,
			// after a failure: what was there, which was not enough
			peakRatio: running.peakBytes / candidate.peakBytes,
		});
		if (!running.outOfMemory) this.#demand.finished(running.loadSeconds + running.runSeconds);
	}

	/**
	 * ComfyUI reports the failure and unloads; the job is decided again, once. Without that model, unless memory was
	 * taken from it after it was bound: then the next decision sees less memory and needs no exclusion.
	 */
	#outOfMemory(server: SimServer, { job, candidate, committedBytes }: OwnRun): void {
		const { name } = candidate.model;
		const tookAfterCommitment = this.#truth.peakBytes(job, candidate) <= committedBytes;
		const ooms = this.#ledger.outOfMemory({
			jobIndex: job.index,
			serverIndex: server.setup.index,
			modelName: name,
			atSeconds: this.#now,
			tookAfterCommitment,
		});
		if (ooms >= MAX_OOMS) return this.#ledger.fail(job, this.#now);
		const excluded = tookAfterCommitment ? [] : [name];
		this.#submit({ ...job, excludedModels: new Set([...job.excludedModels, ...excluded]) });
	}

	/** The process is gone: what ran and what waited there is decided again, the card is empty. */
	#down(server: SimServer): void {
		if (!server.up) return;
		server.up = false;
		server.hold(null, 0);
		const lost = server.queue.clear();
		const { running } = server;
		if (running) {
			if (running.run.kind !== 'foreign')
				server.busySeconds += this.#now - running.startedAtSeconds;
			lost.unshift(running.run);
			server.running = null;
		}
		for (const run of lost) {
			if (run.kind !== 'own') continue;
			this.#ledger.lost(run.job);
			this.#submit(run.job);
		}
	}
}
