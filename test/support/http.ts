import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface RawConnection {
  readonly socket: Socket;
  /** All that comes until the server closes the connection. */
  readonly untilClosed: Promise<string>;
}

/** A connection that sends bytes as it likes, to see what a server of HTTP makes of them. */
export async function rawConnection(port: number, bytes: string): Promise<RawConnection> {
  const socket = connect({ port, host: "127.0.0.1" });
  onTestFinished(() => void socket.destroy());
  let received = "";
  socket.setEncoding("latin1").on("data", (text: string) => {
    received += text;
  });
  socket.on("error", () => undefined);
  const untilClosed = new Promise<string>((resolve) => socket.once("close", () => resolve(received)));
  await new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  socket.write(bytes);
  return { socket, untilClosed };
}

/** The value of a sample on a metrics page, as it is written; null where there is none. */
export function sampleOf(page: string, series: string): string | null {
  const line = page.split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return line?.slice(series.length + 1) ?? null;
}
