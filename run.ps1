# Windows: fetches Python where there is none, without administrator rights, and starts Stereoring.
# Arguments go to launcher.py. Double-click run.bat, or: powershell -ExecutionPolicy Bypass -File run.ps1
$ErrorActionPreference = "Stop"
Set-Location $PSScriptRoot

function Find-Python {
    # Under "Stop" Windows PowerShell ends the script where py writes to a stderr that is redirected.
    $ErrorActionPreference = "Continue"
    foreach ($version in "3.12", "3.11", "3.13") {
        if (Get-Command py -ErrorAction SilentlyContinue) {
            $path = & py "-$version" -c "import sys; print(sys.executable)" 2>$null
            if ($LASTEXITCODE -eq 0) { return $path }
        }
        $digits = $version.Replace(".", "")
        $path = Join-Path $env:LOCALAPPDATA "Programs\Python\Python$digits\python.exe"
        if (Test-Path $path) { return $path }
    }
    return $null
}

$python = Find-Python
if (-not $python) {
    if (-not (Get-Command winget -ErrorAction SilentlyContinue)) {
        Write-Host "Python 3.12 is needed, and winget is not there to fetch it: install it from https://www.python.org"
        exit 1
    }
    Write-Host "fetching Python 3.12"
    winget install --exact --id Python.Python.3.12 --scope user --silent --accept-package-agreements --accept-source-agreements
    $python = Find-Python
    if (-not $python) { Write-Host "winget did not install Python 3.12; see its messages above"; exit 1 }
}
& $python scripts\environment.py run
if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
$venv = if ("$env:STEREORING_TORCH".Trim() -eq "directml") { ".venv-directml" } else { ".venv" }
& "$venv\Scripts\python.exe" launcher.py @args
exit $LASTEXITCODE
