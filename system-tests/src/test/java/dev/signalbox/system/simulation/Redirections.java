package dev.signalbox.system.simulation;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDesc;
import java.lang.constant.DirectMethodHandleDesc;
import java.lang.constant.DynamicCallSiteDesc;
import java.lang.constant.MethodHandleDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.Map;
import java.util.Set;

/**
 * Makes a class of the project live in simulated time: each call of a JDK clock, timed wait, thread, chance or HTTP client
 * becomes one of {@link Simulated}. So the code that ships needs no seam for time, and a new call of {@code System.nanoTime}
 * anywhere in a worker is simulated without anybody's doing.
 */
final class Redirections {
    private static final ClassDesc SIMULATED = ClassDesc.of(Simulated.class.getName());
    private static final ClassDesc THREADS = ClassDesc.of(SimulatedThreads.class.getName());
    private static final ClassDesc RANDOM = ClassDesc.of("java.util.random.RandomGenerator");
    private static final String LOCAL_RANDOM = "java.util.concurrent.ThreadLocalRandom";
    private static final Set<String> BUILDERS = Set.of("java.lang.Thread$Builder",
            "java.lang.Thread$Builder$OfPlatform",
            "java.lang.Thread$Builder$OfVirtual");

    /** Static methods, as {@code class.name/number of parameters}, by what stands for them. */
    private static final Map<String, String> STATIC = Map.of("java.lang.System.nanoTime/0", "nanoTime",
            "java.lang.System.currentTimeMillis/0", "currentTimeMillis", "java.lang.Thread.sleep/1", "sleep",
            "java.util.concurrent.locks.LockSupport.parkNanos/1", "parkNanos",
            "java.util.concurrent.locks.LockSupport.parkNanos/2", "parkNanos",
            "java.lang.Thread.startVirtualThread/1", "startVirtualThread",
            "java.util.concurrent.Executors.newSingleThreadScheduledExecutor/1", "timer",
            LOCAL_RANDOM + ".current/0", "random",
            "java.lang.Thread.ofPlatform/0", "threads", "java.lang.Thread.ofVirtual/0", "threads");

    /** Methods of objects, which become the first parameter. */
    private static final Map<String, String> VIRTUAL = Map.of("java.lang.Thread.start/0", "start",
            "java.util.concurrent.FutureTask.get/2", "get", "java.util.concurrent.CompletableFuture.get/2", "get",
            "java.util.concurrent.locks.Condition.awaitNanos/1",
            "awaitNanos", "java.util.concurrent.locks.Condition.await/2", "await",
            "java.util.concurrent.CountDownLatch.await/2", "await",
            "java.util.concurrent.locks.ReentrantLock.lock/0", "lock",
            "java.net.http.HttpClient$Builder.build/0", "http");

    private Redirections() {
    }

    static byte[] apply(byte[] compiled, ClassLoader world) {
        ClassFile format = ClassFile.of(ClassFile.ClassHierarchyResolverOption
                .of(ClassHierarchyResolver.ofResourceParsing(world).orElse(ClassHierarchyResolver.defaultResolver())));
        return format.transformClass(format.parse(compiled),
                ClassTransform.transformingMethodBodies(Redirections::redirected));
    }

    private static void redirected(CodeBuilder code, CodeElement element) {
        switch (element) {
            case InvokeInstruction call -> redirected(code, call);
            case InvokeDynamicInstruction call -> code.invokedynamic(DynamicCallSiteDesc.of(call.bootstrapMethod(),
                    call.name().stringValue(), call.typeSymbol(), call.bootstrapArgs().stream()
                            .map(Redirections::redirected).toArray(ConstantDesc[]::new)));
            default -> code.with(element);
        }
    }

    private static void redirected(CodeBuilder code, InvokeInstruction call) {
        ClassDesc owner = call.owner().asSymbol();
        String ownerName = binaryName(owner);
        MethodTypeDesc type = call.typeSymbol();
        String key = ownerName + "." + call.name().stringValue() + "/" + type.parameterCount();
        if (call.opcode() == Opcode.INVOKESTATIC && STATIC.containsKey(key)) {
            code.invokestatic(SIMULATED, STATIC.get(key), simulatedType(type));
        } else if (VIRTUAL.containsKey(key)) {
            code.invokestatic(SIMULATED, VIRTUAL.get(key), type.insertParameterTypes(0, owner));
        } else if (BUILDERS.contains(ownerName)) {
            code.invokevirtual(THREADS, call.name().stringValue(), simulatedType(type));
        } else if (ownerName.equals(LOCAL_RANDOM)) {
            code.invokeinterface(RANDOM, call.name().stringValue(), type);
        } else if (key.equals("java.util.SplittableRandom.<init>/0")) {
            code.invokestatic(SIMULATED, "seed", MethodTypeDesc.ofDescriptor("()J"));
            code.invokespecial(owner, "<init>", MethodTypeDesc.ofDescriptor("(J)V"));
        } else {
            code.with(call);
        }
    }

    /** Method references too. */
    private static ConstantDesc redirected(ConstantDesc argument) {
        if (argument instanceof DirectMethodHandleDesc handle && handle.kind() == DirectMethodHandleDesc.Kind.STATIC) {
            String key = binaryName(handle.owner()) + "." + handle.methodName() + "/"
                    + handle.invocationType().parameterCount();
            if (STATIC.containsKey(key)) {
                return MethodHandleDesc.ofMethod(DirectMethodHandleDesc.Kind.STATIC, SIMULATED, STATIC.get(key),
                        simulatedType(handle.invocationType()));
            }
        }
        return argument;
    }

    private static MethodTypeDesc simulatedType(MethodTypeDesc type) {
        String answer = type.returnType().isClassOrInterface() ? binaryName(type.returnType()) : "";
        return BUILDERS.contains(answer)
                ? type.changeReturnType(THREADS)
                : answer.equals(LOCAL_RANDOM) ? type.changeReturnType(RANDOM) : type;
    }

    private static String binaryName(ClassDesc type) {
        String descriptor = type.descriptorString();
        return descriptor.startsWith("L")
                ? descriptor.substring(1, descriptor.length() - 1).replace('/', '.')
                : descriptor;
    }
}
