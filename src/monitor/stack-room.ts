/** Sixteen kilobytes of a stack that holds a megabyte or so: what a reading of the host takes, several times over. */
const manyArguments: readonly unknown[] = new Array<unknown>(2048).fill(null);

/** Whether functions that call many others can be called here: a caller deep in a recursion may have no room left for them. Never throws. */
export function hasStackRoom(): boolean {
  try {
    Reflect.apply(takeNothing, undefined, manyArguments);
    return true;
  } catch {
    return false;
  }
}

function takeNothing(): void {
  // The arguments alone need the room.
}
