/** The shell: sockets, timers and the admin endpoint. All of it runs on one event loop. */
@NullMarked
package dev.signalbox.simulator.http;

import org.jspecify.annotations.NullMarked;
