/** What `vram-monitor --listen` shows: the last round, and whether rounds go on. Owns when the monitor counts as stuck. */
import { type ListenAddress, openEndpoint, VramMetrics } from '../adapters/prometheus';
import type { Clock } from '../lib/ports';
import type { VramReading } from '../lib/vram-watch/types';

export interface MonitorScrapes {
	url: string;
	observe(readings: readonly VramReading[], startedMs: number): void;
	databaseWrite(result: 'ok' | 'failed'): void;
	close(): Promise<void>;
}

interface ScrapesInit {
	/** Of the servers. */
	names: readonly string[];
	intervalMs: number;
	timeoutMs: number;
	clock: Clock;
}

/** Beats without a round that are still no fault: a round may skip one. */
const PATIENCE_BEATS = 3;

export async function openScrapes(
	address: ListenAddress,
	{ names, intervalMs, timeoutMs, clock }: ScrapesInit,
): Promise<MonitorScrapes> {
	const metrics = new VramMetrics(names);
	// a round lasts as long as its slowest server may; it asks each for several things
	const patienceMs = PATIENCE_BEATS * (intervalMs + timeoutMs);
	let lastMs = clock.nowMs();
	const endpoint = await openEndpoint(address, {
		expose: () => metrics.expose(),
		fault: () => {
			const silentMs = clock.nowMs() - lastMs;
			if (silentMs <= patienceMs) return null;
			return `No round has ended for ${Math.round(silentMs / 1000)} s.`;
		},
	});
	return {
		url: endpoint.url,
		observe(readings, startedMs) {
			lastMs = clock.nowMs();
			const durationSeconds = Math.max(0, lastMs - startedMs) / 1000;
			metrics.observe(readings, { durationSeconds, endedAtSeconds: lastMs / 1000 });
		},
		databaseWrite: (result) => metrics.databaseWrite(result),
		close: () => endpoint.close(),
	};
}
