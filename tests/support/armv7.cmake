# Toolchain of the cross build for 32-bit ARM (small devices): size_t and pointers of 4 bytes.
set(WTL_CROSS_TRIPLE arm-linux-gnueabihf)
set(CMAKE_SYSTEM_PROCESSOR armv7l)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
