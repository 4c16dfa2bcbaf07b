/** What tenants are served in the whole fleet. */
@NullMarked
package dev.signalbox.dispatcher.tenants;

import org.jspecify.annotations.NullMarked;
