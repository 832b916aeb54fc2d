/** How rows of the demo (`seed-demo`) are known from real ones: for removing them, and for never learning from them. */

/** `workflow_id` of every demo run; n8n's own ids look different. */
export const DEMO_WORKFLOW_ID = 'comfyui-router-demo';
/** Beginning of every job id of the demo. */
export const DEMO_JOB_PREFIX = 'demo:';
/** The demo's servers. */
export const DEMO_SERVERS = ['demo:studio-a', 'demo:studio-b', 'demo:edge'] as const;
/** Beginning of the device names of the demo's servers, and of the errors where they do not answer. */
export const DEMO_DEVICE_PREFIX = 'Demo ';
