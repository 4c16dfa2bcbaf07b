/** Which topics a configuration needs, how they differ from what a broker has, and the shell that closes the difference. */
@NullMarked
package dev.signalbox.config.topics;

import org.jspecify.annotations.NullMarked;
