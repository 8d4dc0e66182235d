// The control verbs by name, in the order in which help has them.
import type { RegisterCommand } from './commands/register-command.ts';
import { registerAddContext } from './control/add-context.ts';
import { registerAddMapChannel } from './control/add-map-channel.ts';
import { registerAddTrigger } from './control/add-trigger.ts';
import { registerClear } from './control/clear.ts';
import { registerCreate } from './control/create.ts';
import { registerDestroy } from './control/destroy.ts';
import { registerDisableChannel } from './control/disable-channel.ts';
import { registerDisableEvent } from './control/disable-event.ts';
import { registerEnableChannel } from './control/enable-channel.ts';
import { registerEnableEvent } from './control/enable-event.ts';
import { registerExportMaps } from './control/export-maps.ts';
import { registerList } from './control/list.ts';
import { registerListTriggers } from './control/list-triggers.ts';
import { registerListen } from './control/listen.ts';
import { registerLoad } from './control/load.ts';
import { registerRegenerate } from './control/regenerate.ts';
import { registerRemoveTrigger } from './control/remove-trigger.ts';
import { registerRotate } from './control/rotate.ts';
import { registerSave } from './control/save.ts';
import { registerSessiond } from './control/sessiond.ts';
import { registerSetSession } from './control/set-session.ts';
import { registerShowMaps } from './control/show-maps.ts';
import { registerSnapshot } from './control/snapshot.ts';
import { registerStart } from './control/start.ts';
import { registerStatus } from './control/status.ts';
import { registerStop } from './control/stop.ts';
import { registerTop } from './control/top.ts';
import { registerVersion } from './control/version.ts';
import { registerDisableRotation, registerEnableRotation } from './control/rotation-schedule.ts';
import { registerTrack, registerUntrack } from './control/track.ts';

/** What adds each verb to the program. */
export const controlVerbs: Readonly<Record<string, RegisterCommand>> = {
  create: registerCreate,
  'enable-event': registerEnableEvent,
  'enable-channel': registerEnableChannel,
  'add-context': registerAddContext,
  start: registerStart,
  stop: registerStop,
  snapshot: registerSnapshot,
  rotate: registerRotate,
  'enable-rotation': registerEnableRotation,
  'disable-rotation': registerDisableRotation,
  clear: registerClear,
  destroy: registerDestroy,
  list: registerList,
  status: registerStatus,
  top: registerTop,
  'set-session': registerSetSession,
  'disable-event': registerDisableEvent,
  'disable-channel': registerDisableChannel,
  track: registerTrack,
  untrack: registerUntrack,
  'add-trigger': registerAddTrigger,
  'list-triggers': registerListTriggers,
  'remove-trigger': registerRemoveTrigger,
  listen: registerListen,
  'add-map-channel': registerAddMapChannel,
  'show-maps': registerShowMaps,
  'export-maps': registerExportMaps,
  regenerate: registerRegenerate,
  save: registerSave,
  load: registerLoad,
  sessiond: registerSessiond,
  version: registerVersion,
};
