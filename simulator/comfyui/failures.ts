/** The execution_error of a failed node, in ComfyUI's shape. */
import { type ApiGraph, isLink } from '../../lib/workflow/graph';
import { BYTES_PER_GIB, BYTES_PER_MIB } from '../../lib/units';
import type { GpuDevice, OutOfMemory } from './device';

/** A node raised: what Python would have said. */
export class NodeFailure extends Error {
	constructor(
		readonly exceptionType: string,
		message: string,
	) {
		super(message);
	}
}

/** The prompt was interrupted at this node. */
export class Interrupted extends Error {}

/** torch's words and ComfyUI's tips after them. */
export function outOfMemoryFailure(device: GpuDevice, error: OutOfMemory): NodeFailure {
	const gib = (bytes: number): string => `${(bytes / BYTES_PER_GIB).toFixed(2)} GiB`;
	const { vramTotalBytes } = device.gpu.profile;
	return new NodeFailure(
		'torch.OutOfMemoryError',
		`CUDA out of memory. Tried to allocate ${gib(error.neededBytes)}. ` +
			`GPU 0 has a total capacity of ${gib(vramTotalBytes)} of which ` +
			`${(device.freeBytes() / BYTES_PER_MIB).toFixed(2)} MiB is free. ` +
			`Including non-PyTorch memory, this process has ${gib(device.usedBytes())} memory in use.\n` +
			'This error means you ran out of memory on your GPU.\n\n' +
			'TIPS: If the workflow worked before you might have accidentally set the batch_size to a large number.',
	);
}

/** The data of the event, without what every event has (prompt id, stamp). */
export function executionError(
	graph: ApiGraph,
	nodeId: string,
	executed: string[],
	failure: NodeFailure,
): Record<string, unknown> {
	const node = graph[nodeId];
	return {
		node_id: nodeId,
		node_type: node?.class_type ?? '',
		executed,
		exception_message: failure.message,
		exception_type: failure.exceptionType,
		traceback: [
			'  File "/opt/ComfyUI/execution.py", line 518, in execute\n    output_data, output_ui, ' +
				'has_subgraph, has_pending_tasks = await get_output_data(prompt_id, unique_id, obj, ...)\n',
			'  File "/opt/ComfyUI/execution.py", line 291, in process_inputs\n    result = f(**inputs)\n',
		],
		current_inputs: Object.fromEntries(
			Object.entries(node?.inputs ?? {}).map(([name, value]) => [name, [shown(value)]]),
		),
		current_outputs: Object.keys(graph),
	};
}

/** Values as they are; what came over a link as Python would print it. */
function shown(value: unknown): unknown {
	return isLink(value) ? `<output ${value[1]} of node ${value[0]}>` : value;
}
