/** What to put on the wire and when, as a list of steps: a profile, a request and perhaps a fault in, a script out. Pure. */
@NullMarked
package dev.signalbox.simulator.script;

import org.jspecify.annotations.NullMarked;
