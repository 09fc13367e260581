# Toolchain of the cross build for 64-bit ARM (gateways, most new devices).
set(WTL_CROSS_TRIPLE aarch64-linux-gnu)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
