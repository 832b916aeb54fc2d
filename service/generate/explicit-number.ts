/** The `number` that a prompt is submitted with, which is where ComfyUI puts it in its queue. Decides no order. */
import type { QueuedJob } from '../../lib/fleet/types';
import { isPassable } from '../../lib/router/queue-place';

/**
 * Left out where the job goes behind all that is visible: an explicit number does not move the server's own counter, so
 * that what others submit later would pass it. Left out, too, where it would pass what is not ours and has come since
 * it was decided.
 * @param wanted as it was decided
 * @param queue of its server, as last seen
 */
export function explicitNumber(
	wanted: number | null,
	queue: readonly QueuedJob[],
): number | undefined {
	if (wanted === null) return undefined;
	const behind = queue.filter((job) => !job.running && job.queue_number >= wanted);
	return behind.length > 0 && behind.every(isPassable) ? wanted : undefined;
}
